import { schema } from '../../src/schema.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createAround } from '../kit/authorization/around.ts'
import { isRefusal, outcomeOf, tell } from '../kit/authorization/asking.ts'
import { type Scene, type Tokens, viewers } from '../kit/authorization/rows.ts'
import { namingPlaces } from '../kit/authorization/schema-ids.ts'
import { subjects } from '../kit/authorization/subjects.ts'
import { ask } from '../kit/gql.ts'
import { follow } from '../kit/socket.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let around: Tokens
beforeAll(async () => {
  app = await createTestApp({ SOCKETS_PER_VIEWER: '1000' })
  around = await createAround(app)
})
afterAll(() => {
  expect(app.logs.filter(({ level }) => level === 'error')).toEqual([])
})

const rows = subjects.flatMap(({ rows, ...subject }) => rows.map((row) => ({ ...subject, row })))
const losses = subjects.flatMap(({ losses = [], ...subject }) => losses.map((loss) => ({ ...subject, loss })))

/** What is only read stays as it is, and is one for all rows of its subject. */
const read = new Map<string, Promise<Scene>>()
async function sceneFor({ name, set, row }: (typeof rows)[number]): Promise<Scene> {
  if (row.of.startsWith('Mutation.')) return set(app, around)
  const scene = read.get(name) ?? set(app, around)
  read.set(name, scene)
  return scene
}

test('every place where a client names something, and every stream, has its row, and no row is of something else', () => {
  expect([...new Set(rows.map(({ row }) => row.of))].sort()).toEqual(namingPlaces(schema))
})

describe.each(rows.map((each) => [`${each.row.of}, ${each.row.about ?? each.name}`, each] as const))(
  '%s',
  (_name, each) => {
    const { row } = each
    let scene: Scene
    beforeAll(async () => {
      scene = await sceneFor(each)
    })

    test.each(viewers)('asked by %s', async (viewer) => {
      if (row.fresh) scene = await each.set(app, around)
      const token = scene.tokens[viewer]
      // A part that this subject does not know.
      if (!token && viewer !== 'nobody') return
      const expected = row.gets[viewer] ?? row.gets.others
      const told = await tell(app, row.query, row.variables(scene, viewer), token)
      const outcome = told.code === undefined && row.shows ? row.shows(told.data ?? {}, scene) : outcomeOf(told)
      expect(outcome).toBe(expected)
      if (!isRefusal(expected) || !row.never || row.seenBy?.includes(viewer)) return
      expect(told.bytes).toBe((await tell(app, row.query, row.never(scene, viewer), token)).bytes)
    })
  },
)

describe.each(losses.map((each) => [`${each.loss.of}, ${each.loss.how}`, each] as const))('%s', (_name, each) => {
  const { loss } = each
  test(`it ${loss.after === 'ends' ? 'ends' : 'is silent'} within a second`, async () => {
    const scene = await each.set(app, around)
    const open = (token: string | undefined) =>
      follow<Record<string, unknown>>(app, loss.query, { token, variables: loss.variables(scene) })
    const [lost, kept] = [open(scene.tokens[loss.who]), open(scene.tokens.owner)]
    const told = async (stream: typeof lost) => {
      for (;;) if (loss.tells(await stream.next())) return
    }
    await Promise.all([lost.next(), kept.next()])
    await loss.happen(scene)
    await Promise.all([told(lost), told(kept)])
    await loss.lose(scene)
    if (loss.after === 'ends') {
      const late = new Promise((resolve) => setTimeout(resolve, 1000, 'still there'))
      expect(await Promise.race([lost.ended, late])).not.toBe('still there')
    }
    await loss.happen(scene)
    await told(kept)
    expect(lost.waiting().filter(loss.tells)).toEqual([])
    lost.stop()
    kept.stop()
  })
})

const revokeDocument = `mutation ($device: RevokeDeviceInput!, $account: RevokeAccountInput!, $isDevice: Boolean!) {
  revokeDevice(input: $device) @include(if: $isDevice) { __typename }
  revokeAccount(input: $account) @skip(if: $isDevice) { __typename } }`

const streams = rows.filter(
  ({ row }, at) =>
    row.of.startsWith('Subscription.') && at === rows.findIndex((other) => fieldOf(other.row.of) === fieldOf(row.of)),
)
function fieldOf(place: string): string {
  return place.replace(/\(.*/, '')
}

describe.each(streams.map((each) => [fieldOf(each.row.of), each] as const))('%s', (_name, each) => {
  test('ends with 4410 within a second when the token of who follows is revoked', async () => {
    const scene = await each.set(app, around)
    const who = scene.tokens.owner ? 'owner' : 'ADMIN'
    // The token of all others' ADMIN is not for revoking.
    const token = who === 'owner' ? scene.tokens.owner : (await createStaff(app)).token
    const stream = follow(app, each.row.query, { token, variables: each.row.variables(scene, who) })
    await stream.next()
    const { data } = await ask<{ viewer: { deviceId: string | null; account: { id: string } | null } }>(
      app,
      '{ viewer { deviceId account { id } } }',
      {},
      { token },
    )
    const { deviceId, account } = data?.viewer ?? {}
    const variables = {
      isDevice: !account,
      device: { deviceId: deviceId ?? '' },
      account: { accountId: account?.id ?? '' },
    }
    await ask(app, revokeDocument, variables, { token: around.ADMIN })
    const late = new Promise((resolve) => setTimeout(resolve, 1000, 'still there'))
    expect(await Promise.race([stream.ended, late])).toMatchObject({ code: 4410 })
  })
})
