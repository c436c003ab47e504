import { createTestApp } from '../kit/app.ts'
import { ask } from '../kit/gql.ts'
import { follow } from '../kit/socket.ts'
import { createStaff } from '../kit/staff.ts'

const statsDocument = 'subscription { liveStats { __typename ... on Ready { cursor } } }'
const withdrawDocument = 'mutation ($input: WithdrawRoleInput!) { withdrawRole(input: $input) { __typename } }'

test('whoever loses a role loses within ten seconds what they follow with it, on every node and either way', async () => {
  const app = await createTestApp()
  const other = await app.node()
  const [boss, staff] = [await createStaff(app), await createStaff(app)]
  const { token } = staff
  const streams = [app, other].map((node) => follow<{ cursor: string }>(node, statsDocument, { token }))
  const kept = follow<{ cursor: string }>(app, statsDocument, { token: boss.token })
  await Promise.all([...streams, kept].map((stream) => stream.next()))
  const sse = await fetch(other.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: statsDocument }),
  })
  const reader = sse.body?.getReader()
  await reader?.read()
  const sseEnded = (async () => {
    while (!(await reader?.read().catch(() => ({ done: true })))?.done);
    return 'ended'
  })()

  const input = { accountId: staff.id, role: 'ADMIN' }
  const { data } = await ask(app, withdrawDocument, { input }, { token: boss.token })
  expect(data).toEqual({ withdrawRole: { __typename: 'WithdrawRolePayload' } })
  const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'still there').unref())
  const ends = await Promise.all(
    [...streams.map(({ ended }) => ended), sseEnded].map((end) => Promise.race([end, late])),
  )
  expect(ends).toMatchObject([{ code: 4411 }, { code: 4411 }, 'ended'])
  // What a node knows of roles counts for ten seconds.
  app.clock.advance(10_000)
  const again = follow(other, statsDocument, { token })
  expect((await again.ended).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }])
  kept.stop()
})
