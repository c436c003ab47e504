import { createAccount, loginDocument, newUsername, password, type SignInResult } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const login = (username: string, given: string) =>
  ask<{ login: SignInResult }>(app, loginDocument, { input: { username, password: given } })

/** How likely a value of the first kind is greater than one of the second: one half when nothing tells them apart. */
function likelihoodGreater(first: number[], second: number[]): number {
  const pairs = first.flatMap((a) => second.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)))
  return pairs.reduce((sum: number, each) => sum + each, 0) / pairs.length
}

test('T21: the time of an answer does not tell whether somebody has the name', async () => {
  const { username } = await createAccount(app)
  const times: Record<'wrong' | 'unknown', number[]> = { wrong: [], unknown: [] }
  async function measure(kind: keyof typeof times) {
    const began = performance.now()
    await login(kind === 'wrong' ? username : newUsername(), 'not this one')
    times[kind].push(performance.now() - began)
  }
  await measure('wrong')
  await measure('unknown')
  for (const kind of ['wrong', 'unknown'] as const) times[kind] = []
  // In turns, each first as often as the other: what else goes on here slows both.
  for (let i = 0; i < 60; i++) for (const kind of turns(i)) await measure(kind)
  const told = likelihoodGreater(times.wrong, times.unknown)
  // Were no hash computed for one of them, it would be 0 or 1.
  expect(told).toBeGreaterThan(0.3)
  expect(told).toBeLessThan(0.7)
}, 90_000)
const turns = (i: number) => (i % 2 === 0 ? (['wrong', 'unknown'] as const) : (['unknown', 'wrong'] as const))

test('T22: five hundred who sign in at once are served in turn, or sent away; others are answered meanwhile', async () => {
  const accounts = await Promise.all(Array.from({ length: 20 }, () => createAccount(app)))
  const order: string[] = []
  const logins = Array.from({ length: 500 }, async () => {
    const answer = await login(newUsername(), password)
    order.push('login')
    return codeOf(answer) ?? answer.data?.login.code
  })
  for (const { token } of accounts) {
    const { status } = await ask(app, '{ viewer { account { id } } }', {}, { token })
    expect(status).toBe(200)
    order.push('viewer')
  }
  const codes = await Promise.all(logins)
  expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED', 'UNAVAILABLE']))
  expect(codes.filter((code) => code === 'UNAUTHENTICATED').length).toBeGreaterThanOrEqual(100)
  expect(order.lastIndexOf('viewer')).toBeLessThan(order.length - 1)
}, 90_000)
