import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { createAccount, newUsername, password } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { rounds, runs } from '../kit/fuzz.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ DATABASE_POOL_SIZE: '10' })
  other = await app.node()
})

const address = '192.0.2.1'
const nobody = { deviceLabel: null, viewer: null, address }
const fields = { displayName: null, email: null, ...nobody }
const refresh = (token: string, on = app) => on.services.identity.refresh(token, address)
const login = (username: string, given: string, on = app) =>
  on.services.identity.login({ username, password: given, ...nobody })
const outcome = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error) => error.name,
  )
const hashOf = (token: string) => createHash('sha256').update(token).digest()
const rows = async (text: string, values: unknown[]) => (await app.postgres.pool.query(text, values)).rows
const inTurns = async (count: number, work: (i: number) => Promise<void>) => {
  const batch = 20
  for (let from = 0; from < count; from += batch)
    await Promise.all(Array.from({ length: Math.min(batch, count - from) }, (_, i) => work(from + i)))
}

test('two who refresh at the same instant both go on, and one token is left: many times, on two nodes', async () => {
  const accounts = await Promise.all(Array.from({ length: 20 }, () => createAccount(app)))
  const tokens = accounts.map(({ refreshToken }) => refreshToken)
  for (let round = 0; round < rounds(50); round++) {
    await Promise.all(
      tokens.map(async (token, i) => {
        const next = (await Promise.all([refresh(token), refresh(token, other)])).map((made) => made.refreshToken)
        const text = `select t.hash, s.ended_at from refresh_tokens t join sign_ins s on s.id = t.sign_in_id
                      where s.account_id = $1 and t.spent_at is null`
        const live = await rows(text, [accounts[i]?.accountId])
        expect(live).toHaveLength(1)
        expect(live[0].ended_at).toBeNull()
        const left = next.filter((each) => hashOf(each).equals(live[0].hash))
        expect(left).toHaveLength(1)
        tokens[i] = left[0] as string
      }),
    )
  }
})

interface Step {
  /** Which of the tokens that were given out so far, counted from the newest. */
  back: number
  /** How much later, milliseconds. */
  later: number
  second: boolean
}

test('whoever refreshes in whatever order, with tokens lost and stolen: one goes on, or the signing-in is over', async () => {
  const step = fc.record({
    back: fc.nat(3),
    later: fc.constantFrom(0, 1, 4000, 9000, 10_500),
    second: fc.boolean(),
  })
  let moved = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps: Step[]) => {
      const account = await createAccount(app)
      const given: { token: string; parent: number | null; spentAt: number | null }[] = [
        { token: account.refreshToken, parent: null, spentAt: null },
      ]
      let over = false
      for (const { back, later, second } of steps) {
        app.clock.advance(later)
        moved += later
        const now = app.clock.now()
        const at = Math.max(0, given.length - 1 - back)
        const shown = given[at]!
        const live = given.findIndex(({ spentAt }) => spentAt === null)
        const mayGoOn =
          !over && (at === live || (given[live]?.parent === at && now - (shown.spentAt as number) <= 10_000))
        const answer = await refresh(shown.token, second ? other : app).catch((error: Error) => error.name)
        if (!mayGoOn) {
          expect(answer).toBe('SignInEndedError')
          over = true
          continue
        }
        if (typeof answer === 'string') throw new Error(answer)
        shown.spentAt ??= now
        given[live]!.spentAt ??= now
        given.push({ token: answer.refreshToken, parent: at, spentAt: null })
      }
      const [{ live }] = await rows(
        'select count(*)::int as live from sign_ins where account_id = $1 and ended_at is null',
        [account.accountId],
      )
      expect(live).toBe(over ? 0 : 1)
    }),
    runs(50),
  )
  app.clock.advance(-moved)
})

test('a refresh at the same instant as its signing-out leaves nothing that counts', async () => {
  await inTurns(rounds(200), async () => {
    const { refreshToken } = await createAccount(app)
    const [next] = await Promise.all([
      refresh(refreshToken).catch(() => undefined),
      other.services.identity.logout(refreshToken, null, address),
    ])
    if (next) expect(await outcome(refresh(next.refreshToken))).toBe('SignInEndedError')
    expect(await outcome(refresh(refreshToken))).toBe('SignInEndedError')
  })
})

test('a name is registered once, however many ask for it at the same instant', async () => {
  for (let round = 0; round < 10; round++) {
    const username = newUsername()
    const tries = [app, other, app, other].map((on) =>
      outcome(on.services.identity.register({ clientId: null, username, password, ...fields })),
    )
    expect((await Promise.all(tries)).sort()).toEqual([
      'UsernameTakenError',
      'UsernameTakenError',
      'UsernameTakenError',
      'done',
    ])
  }
})

test('a registration that is sent twice at the same instant makes one account', async () => {
  for (let round = 0; round < 10; round++) {
    const wish = { clientId: newClientId(), username: newUsername(), password, ...fields }
    const made = await Promise.all([app, other, app].map((on) => on.services.identity.register(wish)))
    expect(new Set(made.map(({ account }) => account.id)).size).toBe(1)
    expect(new Set(made.map(({ refreshToken }) => refreshToken)).size).toBe(3)
  }
})

test('an account is signed in at fifty places at most, also when sixty come at once', async () => {
  const { accountId } = await createAccount(app)
  const nodes = [app, other]
  await Promise.all(Array.from({ length: 60 }, (_, i) => nodes[i % 2]!.services.identity.mintSignIn(accountId)))
  const [{ live }] = await rows(
    'select count(*)::int as live from sign_ins where account_id = $1 and ended_at is null',
    [accountId],
  )
  expect(live).toBe(50)
})

test('whoever signs in while the password is changed has not signed in with the old one', async () => {
  for (let round = 0; round < 20; round++) {
    const { accountId, username, token } = await createAccount(app)
    const viewer = await app.services.identity.authenticate(token)
    const [changed, signedIn] = await Promise.all([
      app.services.identity.changePassword(viewer, password, 'another horse entirely'),
      login(username, password, other).catch(() => undefined),
    ])
    expect(changed.id).toBe(accountId)
    if (signedIn) expect(await outcome(refresh(signedIn.refreshToken))).toBe('SignInEndedError')
    expect(await outcome(login(username, password))).toBe('InvalidCredentialsError')
  }
})

test('whoever signs in on a device while it is revoked is signed out, or was never on it', async () => {
  await inTurns(60, async () => {
    const phone = await createPhone(app)
    const { accountId } = await createAccount(app)
    const viewer = await app.services.identity.authenticate(phone.token)
    await Promise.all([
      other.services.identity.mintSignIn(accountId, phone.token),
      app.services.identity.revokeDevice(viewer),
    ])
    const found = await rows(
      'select device_id, ended_at from sign_ins where account_id = $1 and device_id is not null',
      [accountId],
    )
    expect(found).toEqual([])
  })
})

test('of two ADMINs who take the role from each other one stays', async () => {
  const own = await createTestApp()
  const second = await own.node()
  for (let round = 0; round < 20; round++) {
    await own.postgres.pool.query(`update accounts set roles = '{USER}'`)
    const admins = [await createStaff(own), await createStaff(own)]
    const viewers = await Promise.all(admins.map(({ token }) => own.services.identity.authenticate(token)))
    const results = await Promise.all([
      outcome(own.services.identity.withdrawRole(viewers[0]!, admins[1]!.id, 'ADMIN')),
      outcome(second.services.identity.withdrawRole(viewers[1]!, admins[0]!.id, 'ADMIN')),
    ])
    expect(results.sort()).toEqual(['LastAdminError', 'done'])
  }
})
