import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { beaconAt, createPhone, type Phone } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'
import { createOwnRedis, type OwnRedis } from '../kit/redis.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
  other = await app.node()
})
const redises: OwnRedis[] = []
afterAll(async () => {
  for (const redis of redises) await redis.remove()
})
async function ownRedis(): Promise<OwnRedis> {
  const redis = await createOwnRedis()
  redises.push(redis)
  return redis
}

const now = () => new Date(app.clock.now())
const setDocument = `mutation ($input: SetVisibilityInput!) { setVisibility(input: $input) {
  ... on SetVisibilityPayload { settings { visibility ghost } } } }`
const set = async (phone: Phone, input: Record<string, unknown>, on: TestApp = app) =>
  ask(on, setDocument, { input }, { token: phone.token })
const sees = async (node: TestApp, viewer: Phone, whom: Phone) =>
  (await node.services.social.visible(viewer.personId, [whom.personId]))[0]
/** So within a second. */
const soon = <T>(ask: () => T | Promise<T>, value: T) => eventually(ask, (found) => found === value, 1000)
const block = (node: TestApp, who: Phone, whom: Phone) => node.services.social.block(who.personId, whom.personId)

/** Whether a person is in the index that others are found in. */
async function indexed({ personId }: Phone): Promise<boolean> {
  const keys = await app.redis.command.keys(`${app.config.redisPrefix}*:people`)
  const members = await Promise.all(keys.map((key) => app.redis.command.zrange(key, 0, -1)))
  return members.flat().includes(personId)
}

describe('the one rule', () => {
  // For each state of Ann: whether she may be shown to herself, to anybody, and to somebody with a block between them.
  const rows = [
    [{}, true, true, false],
    [{ visibility: 'EVERYONE' }, true, true, false],
    [{ visibility: 'FRIENDS' }, true, false, false],
    [{ visibility: 'NOBODY' }, true, false, false],
    [{ ghost: true }, true, false, false],
    [{ visibility: 'EVERYONE', ghost: true }, true, false, false],
    [{ visibility: 'FRIENDS', ghost: false }, true, false, false],
  ] as const

  test.each(rows)(
    'shows a person with %j to themselves: %s, to anybody: %s, across a block: %s',
    async (settings, ...expected) => {
      const [ann, ben, cid, dan] = [
        await createPhone(app),
        await createPhone(app),
        await createPhone(app),
        await createPhone(app),
      ]
      if (Object.keys(settings).length > 0) await set(ann, settings)
      await block(app, ann, cid)
      await block(app, dan, ann)
      const [own, anybody, blocked] = expected
      expect(await sees(app, ann, ann)).toBe(own)
      expect(await sees(app, ben, ann)).toBe(anybody)
      expect(await sees(app, cid, ann)).toBe(blocked)
      expect(await sees(app, dan, ann)).toBe(blocked)
      const sight = await app.services.social.watch(cid.personId)
      const [audience = 'NOBODY'] = await app.services.social.audienceOf([ann.personId])
      expect(sight.sees(ann.personId, audience)).toBe(blocked)
      sight.close()
    },
  )
})

describe('a setting', () => {
  test('is EVERYONE, and no ghost, until somebody says otherwise; each part stays until it is changed', async () => {
    const ann = await createPhone(app)
    const own = async () => (await ann.ask('{ visibility { visibility ghost } }')).data
    expect(await own()).toEqual({ visibility: { visibility: 'EVERYONE', ghost: false } })
    expect((await set(ann, { visibility: 'FRIENDS' })).data).toEqual({
      setVisibility: { settings: { visibility: 'FRIENDS', ghost: false } },
    })
    await set(ann, { ghost: true })
    await set(ann, { ghost: true })
    expect(await own()).toEqual({ visibility: { visibility: 'FRIENDS', ghost: true } })
  })

  test('that says nothing, or what there is not, is refused', async () => {
    const ann = await createPhone(app)
    for (const input of [{}, { visibility: null }, { visibility: 'ALL' }, { ghost: 'yes' }, { ghosts: true }])
      expect(codeOf(await set(ann, input))).toBe('BAD_USER_INPUT')
  })

  test('holds at once where it was made, and within a second on another node that remembered the old one', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    expect(await sees(other, ben, ann)).toBe(true)
    await set(ann, { ghost: true })
    expect(await sees(app, ben, ann)).toBe(false)
    await soon(() => sees(other, ben, ann), false)
    await set(ann, { ghost: false })
    expect(await sees(app, ben, ann)).toBe(true)
  })

  test('of a ghost takes the person out of every index by the time it is answered', async () => {
    const ann = await createPhone(app)
    await ann.beat(zurich, now())
    expect(await indexed(ann)).toBe(true)
    await set(ann, { ghost: true })
    expect(await indexed(ann)).toBe(false)
    await ann.beat(zurich, now(), other)
    expect(await indexed(ann)).toBe(false)
    await set(ann, { ghost: false })
    await ann.beat(zurich, now())
    expect(await indexed(ann)).toBe(true)
  })

  test('changed by a thousand racing calls on two nodes ends as Postgres has it, on both and in the index', async () => {
    for (let round = 0; round < 10; round += 1) {
      const ann = await createPhone(app)
      await ann.beat(zurich, now())
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => set(ann, { ghost: i % 2 === 0 }, i % 4 < 2 ? app : other)),
      )
      const { rows } = await app.postgres.pool.query('select ghost from visibility_settings where person_id = $1', [
        ann.personId,
      ])
      const ghost: boolean = rows[0].ghost
      for (const node of [app, other])
        await soon(
          async () => (await node.services.social.audienceOf([ann.personId]))[0],
          ghost ? 'NOBODY' : 'EVERYONE',
        )
      if (ghost) expect(await indexed(ann)).toBe(false)
    }
  })

  test('is changed by a phone with a token of its own only', async () => {
    const ann = await createPhone(app)
    const { secret } = await ann.open(['jazz'])
    expect(codeOf(await ask(app, setDocument, { input: { ghost: true } }))).toBe('UNAUTHENTICATED')
    expect(codeOf(await ask(app, setDocument, { input: { ghost: true } }, { token: secret }))).toBe('FORBIDDEN')
  })
})

describe('a block', () => {
  test('hides both from each other, at once here and within a second elsewhere, also from what runs', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    expect(await sees(other, ann, ben)).toBe(true)
    const sight = await other.services.social.watch(ben.personId)
    let told = 0
    sight.onChange(() => {
      told += 1
    })
    await block(app, ann, ben)
    expect(await sees(app, ann, ben)).toBe(false)
    expect(await sees(app, ben, ann)).toBe(false)
    await soon(() => sees(other, ben, ann), false)
    await soon(() => sight.sees(ann.personId, 'EVERYONE'), false)
    expect(told).toBeGreaterThan(0)
    sight.close()
  })

  test('that both set ends when both have undone it', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const [first, second] = [await block(app, ann, ben), await block(app, ben, ann)]
    await app.services.social.unblock([ann.personId], first.id)
    expect(await sees(app, ann, ben)).toBe(false)
    await app.services.social.unblock([ben.personId], second.id)
    expect(await sees(app, ann, ben)).toBe(true)
    await soon(() => sees(other, ann, ben), true)
  })

  test('is listed to whoever set it, newest first and page by page, and to nobody else', async () => {
    const ann = await createPhone(app)
    const others = [await createPhone(app), await createPhone(app), await createPhone(app)]
    const made = []
    for (const whom of others) made.push(await block(app, ann, whom))
    const list = (phone: Phone, after: string | null = null) =>
      phone.ask<{
        blocks: { edges: { node: { id: string } }[]; pageInfo: { endCursor: string; hasNextPage: boolean } }
      }>(
        'query ($after: String) { blocks(first: 2, after: $after) { edges { node { id } } pageInfo { endCursor hasNextPage } } }',
        { after },
      )
    const first = (await list(ann)).data?.blocks
    expect(first?.edges.map(({ node }) => node.id)).toEqual([made[2]?.id, made[1]?.id])
    const second = (await list(ann, first?.pageInfo.endCursor)).data?.blocks
    expect(second?.edges.map(({ node }) => node.id)).toEqual([made[0]?.id])
    const stranger = others[0] as Phone
    expect((await list(stranger)).data?.blocks.edges).toEqual([])
    expect(codeOf(await list(stranger, first?.pageInfo.endCursor))).toBe('BAD_USER_INPUT')
  })

  test('and its undoing, raced a thousand times over two nodes, leave everybody with what Postgres says', async () => {
    const nodes = [app, other] as const
    for (let round = 0; round < 10; round += 1) {
      const [ann, ben] = [await createPhone(app), await createPhone(app)]
      await ann.open(['jazz'])
      const { beacons } = await ben.open(['jazz'])
      const sights = await Promise.all(nodes.map((node) => node.services.social.watch(ann.personId)))
      const last: (string | undefined)[] = []
      for (const [i, node] of nodes.entries())
        node.services.social.onChanged((change) => {
          if (change.kind !== 'visibility' && [change.personId, change.otherId].includes(ann.personId))
            last[i] = change.kind
        })
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const [from, to] = i % 4 < 2 ? [ann, ben] : [ben, ann]
          const made = await block(nodes[i % 2 ? 1 : 0], from, to)
          if (i % 10 === round) return
          await nodes[i % 2 ? 0 : 1].services.social.unblock([from.personId], made.id).catch(() => undefined)
        }),
      )
      const { rows } = await app.postgres.pool.query('select 1 from blocks where blocker_id = any($1)', [
        [ann.personId, ben.personId],
      ])
      const together = rows.length === 0
      for (const [i, node] of nodes.entries()) {
        await soon(() => sees(node, ann, ben), together)
        await soon(() => sees(node, ben, ann), together)
        await soon(() => sights[i]?.sees(ben.personId, 'EVERYONE'), together)
        await soon(() => last[i], together ? 'together' : 'apart')
      }
      const [sighting] = await ann.report([beaconAt(beacons, now())], now())
      expect(sighting?.match).toBe(together)
      for (const sight of sights) sight.close()
    }
  })

  test('keeps a session apart that is opened on another node at the same moment', async () => {
    for (let round = 0; round < 40; round += 1) {
      const [ann, ben] = [await createPhone(other), await createPhone(app)]
      const { beacons } = await ben.open(['jazz'])
      expect(await sees(other, ann, ben)).toBe(true)
      await Promise.all([ann.open(['jazz']), block(app, ben, ann)])
      const [sighting] = await ann.report([beaconAt(beacons, now())], now())
      expect(sighting?.match).toBe(false)
    }
  })

  test('is known within a second where every message of it is lost, also to what runs', async () => {
    const deaf = await app.node({ REDIS_URL: (await ownRedis()).url })
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const sight = await deaf.services.social.watch(ann.personId)
    const seesBen = () => sight.sees(ben.personId, 'EVERYONE')
    expect([await sees(deaf, ann, ben), seesBen()]).toEqual([true, true])
    const { id } = await block(app, ann, ben)
    await soon(seesBen, false)
    expect(await sees(deaf, ann, ben)).toBe(false)
    await set(ben, { ghost: true })
    await app.services.social.unblock([ann.personId], id)
    await soon(seesBen, true)
    await soon(async () => (await deaf.services.social.audienceOf([ben.personId]))[0], 'NOBODY')
    sight.close()
  })

  test('holds without any Redis: at once where it was made, within a second elsewhere', async () => {
    const redis = await ownRedis()
    const a = await createTestApp({ REDIS_URL: redis.url })
    const b = await a.node()
    const [ann, ben] = [await createPhone(a), await createPhone(a)]
    const sights = await Promise.all([a, b].map((node) => node.services.social.watch(ann.personId)))
    const seesBen = (i: number) => sights[i]?.sees(ben.personId, 'EVERYONE')
    expect([await sees(a, ann, ben), await sees(b, ann, ben), seesBen(0), seesBen(1)]).toEqual([true, true, true, true])
    await redis.kill()
    // What else has to be told of it, open sessions for one, cannot be: the caller repeats it.
    const answered = await block(a, ann, ben).catch((error: { code: string }) => error.code)
    expect(answered).toBe('UNAVAILABLE')
    expect([await sees(a, ann, ben), seesBen(0)]).toEqual([false, false])
    await soon(() => seesBen(1), false)
    await soon(() => sees(b, ann, ben), false)
    for (const sight of sights) sight.close()
  })

  test('is known to a node whose connection for messages was cut at that very moment', async () => {
    const redis = await ownRedis()
    const a = await createTestApp({ REDIS_URL: redis.url })
    const b = await a.node()
    for (let round = 0; round < 5; round += 1) {
      const [ann, ben] = [await createPhone(a), await createPhone(a)]
      const sight = await b.services.social.watch(ann.personId)
      expect(await sees(b, ann, ben)).toBe(true)
      const [made] = await Promise.all([block(a, ann, ben), a.redis.command.call('CLIENT', 'KILL', 'TYPE', 'pubsub')])
      await soon(() => sight.sees(ben.personId, 'EVERYONE'), false)
      await soon(() => sees(b, ann, ben), false)
      await a.services.social.unblock([ann.personId], made.id)
      await soon(() => sight.sees(ben.personId, 'EVERYONE'), true)
      sight.close()
    }
  })

  test('is known within a second to a node that cannot hear of it', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    expect(await sees(other, ann, ben)).toBe(true)
    const sight = await other.services.social.watch(ann.personId)
    other.redis.subscriber.disconnect(false)
    await block(app, ann, ben)
    await soon(() => sees(other, ann, ben), false)
    await soon(() => sight.sees(ben.personId, 'EVERYONE'), false)
    await other.redis.subscriber.connect()
    sight.close()
  })

  test('message that cannot be read changes nothing', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    expect(await sees(other, ann, ben)).toBe(true)
    const channel = app.redis.key('social', 'changes')
    const dropped = async () => (await other.metrics.droppedWakeups.get()).values[0]?.value ?? 0
    const before = await dropped()
    for (const text of ['', '{', '[]', '{"id":"x"}', '{"id":null,"personId":"*","otherId":1}'])
      await app.redis.command.publish(channel, text)
    await soon(async () => (await dropped()) - before, 5)
    expect(await sees(other, ann, ben)).toBe(true)
  })
})
