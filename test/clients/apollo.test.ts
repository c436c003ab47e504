import { MatchesDocument } from '../../sdk/generated/graphql.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { beaconAt, createPhone } from '../kit/phones.ts'
import { scenario } from './scenario.ts'
import { connectWithApollo } from './with-apollo.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
})

describe('through Apollo Client', () => scenario(connectWithApollo, () => app))

test('relayStylePagination pages through the matches of a session with nothing else to set', async () => {
  const now = new Date(app.clock.now())
  const ann = await createPhone(app)
  await ann.open(['jazz'])
  for (let met = 0; met < 3; met += 1) {
    const { beacons } = await (await createPhone(app)).open(['jazz'])
    await ann.report([beaconAt(beacons, now)], now)
  }
  const { apollo, close } = connectWithApollo({ ...app, token: ann.token })
  const shown: (number | undefined)[] = []
  const query = apollo.watchQuery({ query: MatchesDocument, variables: { first: 2 } })
  const watching = query.subscribe(({ data }) => {
    if (data) shown.push(data.session?.matches?.edges?.length)
  })
  await eventually(
    () => shown,
    (counts) => counts.length === 1,
  )
  const { data } = query.getCurrentResult()
  await query.fetchMore({ variables: { after: data?.session?.matches?.pageInfo?.endCursor ?? null } })
  const all = apollo.readQuery({ query: MatchesDocument, variables: { first: 2 } })
  await eventually(
    () => shown,
    (counts) => counts.at(-1) === 3,
  )
  expect(new Set(all?.session?.matches.edges.map(({ node }) => node.id)).size).toBe(3)
  expect(all?.session?.matches.pageInfo.hasNextPage).toBe(false)
  watching.unsubscribe()
  close()
})
