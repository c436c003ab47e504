import { serverAudits } from 'graphql-http'
import { createTestApp } from './kit/app.ts'

const ways = [
  ['the lane', 'on'],
  ['yoga', 'off'],
] as const

test.each(ways)(
  'all 61 audits of GraphQL over HTTP pass through %s, as the server is by default',
  async (_way, lane) => {
    const app = await createTestApp({ HTTP_LANE: lane })
    const audits = serverAudits({ url: app.url })
    const results = await Promise.all(audits.map((audit) => audit.fn()))
    const missed = results.flatMap((result) => (result.status === 'ok' ? [] : [`${result.id} ${result.name}`]))
    expect(missed).toEqual([])
    expect(results).toHaveLength(61)
  },
)
