import { createAppealTokens } from '../../src/modules/appeals/appeal-tokens.ts'
import { createId } from '../../src/platform/ids.ts'
import { createAccount, loginDocument, refreshDocument, type SignInResult, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createCase, decideNow, globalId, newDecision, revertNow } from '../kit/decisions.ts'
import { impose } from '../kit/gate.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { caseGlobalId, createModerator, type Moderator } from '../kit/moderation.ts'
import { createPhone, newClientId } from '../kit/phones.ts'

let app: TestApp
let other: TestApp
let [ada, eve]: Moderator[] = []
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  ada = await createModerator(app, 'ADMIN')
  eve = await createModerator(app, 'ADMIN')
})

const hourMs = 60 * 60 * 1000
const note = 'This was not me, my phone was stolen.'
const more = '... on AccountBannedError { explanation decisionId appealToken }'
const withMore = (document: string) =>
  document.replace('... on Error { code message }', `... on Error { code message } ${more}`)
type Answer = SignInResult & { explanation?: string; decisionId?: string | null; appealToken?: string | null }

async function login({ username, password }: TestAccount, on = app): Promise<Answer> {
  const { data } = await ask<{ login: Answer }>(on, withMore(loginDocument), { input: { username, password } })
  return data?.login ?? { __typename: 'errors' }
}
async function refresh(refreshToken: string): Promise<Answer> {
  const { data } = await ask<{ refresh: Answer }>(app, withMore(refreshDocument), { input: { refreshToken } })
  return data?.refresh ?? { __typename: 'errors' }
}

interface Appealed {
  __typename: string
  reason?: string
  appeal?: { id: string; state: string; decision: { id: string; action: string } }
}
const appealDocument = `mutation ($input: CreateAppealInput!) { createAppeal(input: $input) { __typename
  ... on CreateAppealPayload { appeal { id state decision { id action } } } ... on NotAppealableError { reason } } }`

async function appeal(
  { decisionId, appealToken }: Pick<Answer, 'decisionId' | 'appealToken'>,
  { on = app, token, ...rest }: { on?: TestApp; token?: string; clientId?: string; note?: string } = {},
): Promise<Appealed> {
  const input = { clientId: newClientId(), note, decisionId, ...(appealToken != null && { appealToken }), ...rest }
  const answer = await ask<{ createAppeal: Appealed }>(on, appealDocument, { input }, { token })
  return answer.data?.createAppeal ?? { __typename: String(codeOf(answer)) }
}

/** A ban of an account by a decision in a case. */
async function ban(who: TestAccount, on: TestApp = app): Promise<string> {
  const subject = { kind: 'ACCOUNT' as const, id: who.accountId }
  const caseId = await createCase(on, subject, who.accountId)
  const given = newDecision(subject, who.accountId, 'BAN', { caseId, decidedBy: ada?.id ?? null })
  return decideNow(on, on.services.enforcement, given)
}

test('who is banned appeals with what login tells, on any node, and signs in again once the appeal is accepted', async () => {
  const ann = await createAccount(app)
  const subject = { kind: 'ACCOUNT' as const, id: ann.accountId }
  const notice = { subject, ownerId: ann.accountId, severity: 3, reasons: ['threats'], texts: [] }
  const caseId = caseGlobalId(await app.services.moderation.noticed(notice))
  const verdict = { action: 'BAN', reason: 'threats', explanation: 'You threatened somebody.' }
  const done = await ada?.act('resolveCase', { clientId: newClientId(), caseId, ...verdict })
  expect(done?.case?.state).toBe('ACTIONED')
  const refused = await login(ann, other)
  expect(refused).toMatchObject({ __typename: 'AccountBannedError', explanation: verdict.explanation })
  const clientId = newClientId()
  const both = await Promise.all([app, other].map((on) => appeal(refused, { on, clientId })))
  expect(both[0]).toMatchObject({
    ...{ __typename: 'CreateAppealPayload' },
    appeal: { state: 'OPEN', decision: { id: refused.decisionId, action: 'BAN' } },
  })
  expect(both[1]).toEqual(both[0])
  expect(await appeal(await login(ann), { clientId })).toEqual(both[0])
  expect((await appeal(refused, { clientId, note: `${note} Really.` })).__typename).toBe('IdempotencyMismatchError')
  expect((await appeal(refused)).__typename).toBe('AppealExistsError')
  const verdictOn = async (by: Moderator | undefined) =>
    by?.ask<{ resolveAppeal: { __typename: string } }>(
      'mutation ($input: ResolveAppealInput!) { resolveAppeal(input: $input) { __typename } }',
      { input: { appealId: both[0]?.appeal?.id, outcome: 'ACCEPTED', answer: 'You are right.' } },
      other,
    )
  // Who may not ban may not undo it either.
  expect(codeOf((await verdictOn(await createModerator(app))) ?? {})).toBe('FORBIDDEN')
  expect((await verdictOn(ada))?.data?.resolveAppeal.__typename).toBe('OwnDecisionError')
  expect((await verdictOn(eve))?.data?.resolveAppeal.__typename).toBe('ResolveAppealPayload')
  for (const on of [app, other]) expect((await login(ann, on)).__typename).toBe('LoginPayload')
  expect(await appeal(refused)).toMatchObject({ __typename: 'NotAppealableError', reason: 'NOT_IN_EFFECT' })
})

test('an appeal token counts for an hour, for its decision, and unchanged', async () => {
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  await Promise.all([ban(ann), ban(ben)])
  const [anns, bens] = [await login(ann), await login(ben)]
  const { appealToken, decisionId } = anns
  if (!appealToken) throw new Error('no token')
  expect((await appeal({ appealToken, decisionId: bens.decisionId ?? '' })).__typename).toBe('UNAUTHENTICATED')
  for (let at = 0; at < appealToken.length; at += 1) {
    const changed = `${appealToken.slice(0, at)}${appealToken[at] === 'A' ? 'B' : 'A'}${appealToken.slice(at + 1)}`
    const tokens = createAppealTokens(app.config.secret)
    const id = Buffer.from(decisionId ?? '', 'base64')
      .toString()
      .slice('Decision:'.length)
    expect(tokens.accountOf(changed, id, app.clock.now())).toBeUndefined()
    expect(tokens.accountOf(appealToken, id, app.clock.now())).toBe(ann.accountId)
  }
  const wrong = [
    '',
    'x',
    `${appealToken}A`,
    `${appealToken}=`,
    ` ${appealToken}`,
    `A${appealToken.slice(1)}`,
    ann.token,
  ]
  for (const one of wrong)
    expect([one, (await appeal({ decisionId: decisionId ?? '', appealToken: one })).__typename]).toEqual([
      ...[one, 'UNAUTHENTICATED'],
    ])
  app.clock.advance(hourMs)
  expect((await appeal(anns)).__typename).toBe('UNAUTHENTICATED')
  app.clock.advance(-60_000)
  expect((await appeal(anns, { on: other })).__typename).toBe('CreateAppealPayload')
  app.clock.advance(60_000 - hourMs)
})

test('it lets nobody read or do anything else, and without it nobody appeals who is not signed in', async () => {
  const ann = await createAccount(app)
  await ban(ann)
  const { appealToken, decisionId } = await login(ann)
  const token = appealToken ?? ''
  for (const document of [
    ...['{ me { id } }', '{ myAppeals { edges { node { id } } } }', '{ moderationStatuses { edges { cursor } } }'],
    ...['{ myRestrictions { id } }', 'mutation { updateProfile(input: { bio: "x" }) { __typename } }'],
  ])
    expect([document, codeOf(await ask(app, document, {}, { token }))]).toEqual([document, 'UNAUTHENTICATED'])
  expect(codeOf(await ann.ask('{ moderationStatuses { edges { cursor } } }'))).toBe('SESSION_REVOKED')
  expect((await appeal({ decisionId: decisionId ?? '' })).__typename).toBe('UNAUTHENTICATED')
  expect((await appeal({ decisionId: decisionId ?? '' }, { token })).__typename).toBe('UNAUTHENTICATED')
  const staffOnly = `mutation ($input: CreateAppealInput!) { createAppeal(input: $input) { ... on CreateAppealPayload {
    appeal { caseId decidedById decision { note decidedById case { id } } } } } }`
  const input = { clientId: newClientId(), decisionId, note, appealToken }
  const { data, errors } = await ask<{ createAppeal: object }>(app, staffOnly, { input })
  expect(data?.createAppeal).toEqual({
    appeal: { caseId: null, decidedById: null, decision: { note: null, decidedById: null, case: null } },
  })
  expect(new Set(errors?.map((error) => error.extensions?.['code']))).toEqual(new Set(['UNAUTHENTICATED']))
})

test('a phone that is signed in as nobody sends it with its own token', async () => {
  const phone = await createPhone(app)
  const ann = await createAccount(app, { onDevice: phone })
  await ban(ann)
  const made = await appeal(await login(ann), { token: phone.token })
  expect(made).toMatchObject({ __typename: 'CreateAppealPayload', appeal: { decision: { action: 'BAN' } } })
})

test('there is none where nothing can be appealed: no decision, undone, too long ago, decided, or a token that was spent', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => createAccount(app)))
  const [plain, old, lost, thief] = people as [TestAccount, TestAccount, TestAccount, TestAccount]
  await impose(app, { personId: plain.accountId, kind: 'BAN', minutes: null })
  expect(await login(plain)).toMatchObject({
    ...{ __typename: 'AccountBannedError', decisionId: null, appealToken: null },
  })
  const id = await ban(old)
  await app.postgres.pool.query(`update decisions set applied_at = applied_at - interval '30 days' where id = $1`, [id])
  expect(await login(old)).toMatchObject({ decisionId: globalId('Decision', id), appealToken: null })
  const rejected = await ban(lost)
  const refused = await login(lost)
  const { appeal: made } = await appeal(refused)
  await app.services.appeals.resolveAppeal(
    { accountId: eve?.id ?? '', isAdmin: true },
    {
      appealId: Buffer.from(made?.id ?? '', 'base64')
        .toString()
        .slice('Appeal:'.length),
      outcome: 'REJECTED',
      answer: 'No.',
    },
  )
  expect(await login(lost)).toMatchObject({ decisionId: globalId('Decision', rejected), appealToken: null })
  expect(await appeal(refused)).toMatchObject({ __typename: 'NotAppealableError', reason: 'DECIDED' })
  const next = await refresh(thief.refreshToken)
  await ban(thief)
  expect(await refresh(thief.refreshToken)).toMatchObject({ __typename: 'AccountBannedError', appealToken: null })
  const told = await refresh(next.refreshToken ?? '')
  expect((await appeal(told)).__typename).toBe('CreateAppealPayload')
  expect(await app.services.appeals.appealTokenOf(thief.accountId, rejected)).toBeNull()
  expect(await app.services.appeals.appealTokenOf(thief.accountId, createId(0))).toBeNull()
})

test('a ban that was undone is not appealed, and the token says nothing more than that', async () => {
  const ann = await createAccount(app)
  const id = await ban(ann)
  const refused = await login(ann)
  await revertNow(app, app.services.enforcement, id)
  expect(await appeal(refused)).toMatchObject({ __typename: 'NotAppealableError', reason: 'NOT_IN_EFFECT' })
})

test('a banned account tries ten times an hour, from wherever', async () => {
  const limited = await createTestApp({ RATE_LIMITS: 'on' })
  const second = await limited.node()
  const ann = await createAccount(limited)
  await ban(ann, limited)
  const refused = await login(ann, limited)
  for (let tried = 0; tried < 10; tried += 1)
    expect((await appeal(refused, { on: tried % 2 ? second : limited, note: 'short' })).__typename).toBe(
      'BAD_USER_INPUT',
    )
  for (const on of [limited, second]) expect((await appeal(refused, { on })).__typename).toBe('RATE_LIMITED')
})
