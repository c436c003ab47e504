import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone } from '../kit/phones.ts'
import { follow } from '../kit/socket.ts'

let app: TestApp
let admin: string
let user: string
beforeAll(async () => {
  app = await createTestApp()
  await app.postgres.prisma.account.createMany({
    data: [
      { id: '01900000-0000-7000-8000-00000000000a', username: 'an-admin', roles: ['ADMIN'] },
      { id: '01900000-0000-7000-8000-00000000000b', username: 'a-moderator', roles: ['MODERATOR'] },
    ],
  })
  admin = await app.services.identity.mintAccountToken('an-admin')
  user = await app.services.identity.mintAccountToken('a-moderator')
})

const statsDocument =
  '{ stats(range: TODAY) { activeSessions days { date totalSessions totalMatches categories { category count } } } }'
type Stats = {
  stats: {
    activeSessions: number | null
    days: { totalSessions: number | null; categories: { category: string; count: number | null }[] }[]
  }
}
const today = async () => {
  const answer = await ask<Stats>(app, statsDocument, {}, { token: admin })
  return { ...answer.data?.stats.days[0], activeSessions: answer.data?.stats.activeSessions }
}
const openSessions = async (count: number, interests: string[]) => {
  for (let i = 0; i < count; i += 1) await (await createPhone(app)).open(interests)
}

test('counts appear at ten, rounded to five, and not before they are released', async () => {
  await openSessions(9, ['jazz'])
  await app.services.stats.release()
  expect(await today()).toMatchObject({
    totalSessions: null,
    activeSessions: null,
    categories: [{ category: 'music', count: null }],
  })
  await openSessions(3, ['jazz'])
  expect(await today()).toMatchObject({ totalSessions: null })
  await app.services.stats.release()
  expect(await today()).toMatchObject({
    totalSessions: 10,
    activeSessions: 10,
    categories: [{ category: 'music', count: 10 }],
  })
})

test('a category that is too small takes the next smallest with it', async () => {
  await openSessions(3, ['ethics'])
  await openSessions(12, ['programming'])
  await app.services.stats.release()
  const { categories } = await today()
  expect(categories?.filter(({ count }) => count === null)).toHaveLength(2)
})

test('a batch that is added and then taken again counts once', async () => {
  await openSessions(1, ['jazz'])
  const { command } = app.redis
  const running = (await command.keys(`${app.config.redisPrefix}*running`))[0] ?? ''
  const counts = await command.hgetall(running)
  const id = '01900000-0000-7000-8000-00000000000c'
  const total = async () =>
    Number((await app.postgres.pool.query('select total_sessions from daily_stats')).rows[0].total_sessions)
  const before = await total()
  const waiting = running.replace(/running$/, 'batch')
  await command.rename(running, waiting)
  await command.hset(waiting, 'batch', id)
  await app.services.stats.release()
  expect(await total()).toBe(before + 1)
  await command.hset(waiting, { ...counts, batch: id })
  await app.services.stats.release()
  expect(await total()).toBe(before + 1)
})

test('ADMIN follows the releases; nobody else sees any', async () => {
  const live = follow<{ __typename: string; sessionsToday?: number | null }>(
    app,
    'subscription { liveStats { __typename ... on StatsSnapshot { sessionsToday } } }',
    { token: admin },
  )
  expect(await live.next()).toMatchObject({ __typename: 'Ready' })
  await app.jobs.add('release-stats')
  await app.idle()
  expect(await live.next()).toMatchObject({ __typename: 'StatsSnapshot', sessionsToday: expect.any(Number) })
  live.stop()
  const phone = await createPhone(app)
  for (const [token, code] of [
    [user, 'FORBIDDEN'],
    [phone.token, 'FORBIDDEN'],
    [undefined, 'UNAUTHENTICATED'],
  ] as const) {
    expect(codeOf(await ask(app, statsDocument, {}, { token }))).toBe(code)
    const refused = follow(app, 'subscription { liveStats { __typename } }', { token })
    expect((await refused.ended).errors?.[0]?.extensions?.['code']).toBe(code)
  }
})
