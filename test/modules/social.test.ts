import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { codeOf } from '../kit/gql.ts'
import { createPhone, type Phone } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const now = () => new Date(app.clock.now())
const setDocument = `mutation ($input: SetVisibilityInput!) { setVisibility(input: $input) {
  ... on SetVisibilityPayload { settings { visibility ghost } } } }`
const set = async (phone: Phone, input: Record<string, unknown>) => phone.ask(setDocument, { input })
const sees = async (node: TestApp, viewer: Phone, whom: Phone) =>
  (await node.services.social.visible(viewer.personId, [whom.personId]))[0]
/** So within a second. */
const soon = <T>(ask: () => T | Promise<T>, value: T) => eventually(ask, (found) => found === value, 1000)
const block = (node: TestApp, who: Phone, whom: Phone) => node.services.social.block(who.personId, whom.personId)

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
    const indexed = async () => {
      const keys = await app.redis.command.keys(`${app.config.redisPrefix}*:people`)
      const members = await Promise.all(keys.map((key) => app.redis.command.zrange(key, 0, -1)))
      return members.flat().includes(ann.personId)
    }
    expect(await indexed()).toBe(true)
    await set(ann, { ghost: true })
    expect(await indexed()).toBe(false)
    await ann.beat(zurich, now(), other)
    expect(await indexed()).toBe(false)
    await set(ann, { ghost: false })
    await ann.beat(zurich, now())
    expect(await indexed()).toBe(true)
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
    await app.services.social.unblock(ann.personId, first.id)
    expect(await sees(app, ann, ben)).toBe(false)
    await app.services.social.unblock(ben.personId, second.id)
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
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    const social = (i: number) => (i % 2 ? app : other).services.social
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 25 }, async (_, i) => {
          const made = await social(i).block(ann.personId, ben.personId)
          await social(i + 1)
            .unblock(ann.personId, made.id)
            .catch(() => undefined)
        }),
      )
    }
    const { rows } = await app.postgres.pool.query('select 1 from blocks where blocker_id = $1', [ann.personId])
    for (const node of [app, other]) await soon(() => sees(node, ann, ben), rows.length === 0)
  })

  test('is seen by a node that could not hear of it, as soon as it hears again', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    expect(await sees(other, ann, ben)).toBe(true)
    const sight = await other.services.social.watch(ann.personId)
    other.redis.subscriber.disconnect(false)
    await block(app, ann, ben)
    // What cannot be heard of is not remembered either: it is asked for.
    await soon(() => sees(other, ann, ben), false)
    await other.redis.subscriber.connect()
    await soon(() => sight.sees(ben.personId, 'EVERYONE'), false)
    sight.close()
  })

  test('message that cannot be read changes nothing', async () => {
    const [ann, ben] = [await createPhone(app), await createPhone(app)]
    expect(await sees(other, ann, ben)).toBe(true)
    const channel = app.redis.key('social', 'changes')
    for (const text of ['', '{', '{"from":"x"}', '{"from":"x","change":{"kind":"apart"}}'])
      await app.redis.command.publish(channel, text)
    expect(await sees(other, ann, ben)).toBe(true)
  })
})
