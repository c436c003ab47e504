import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { solved } from '../kit/challenges.ts'
import { askGate, impose } from '../kit/gate.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
let admin: { id: string; token: string }
let moderator: { id: string; token: string }
let somebody: TestAccount
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  admin = await createStaff(app)
  moderator = await createStaff(app, 'MODERATOR')
})
beforeEach(async () => {
  somebody = await createAccount(app)
})

interface Node {
  id: string
  kind: string
  surface: string | null
  expiresAt: string | null
  revokedAt: string | null
}
type Outcome = { done: { __typename: string; code?: string; answered?: boolean; restriction?: Node } }
const fields = 'id kind surface reason explanation createdAt expiresAt revokedAt'
const create = `mutation ($input: CreateRestrictionInput!) { done: createRestriction(input: $input) { __typename
  ... on Error { code } ... on CreateRestrictionPayload { restriction { ${fields} } } } }`
const revoke = `mutation ($input: RevokeRestrictionInput!) { done: revokeRestriction(input: $input) { __typename
  ... on RevokeRestrictionPayload { restriction { ${fields} } } } }`
const answerDocument = `mutation ($input: AnswerChallengeInput!) { done: answerChallenge(input: $input) { __typename
  ... on Error { code } ... on AnswerChallengePayload { answered } } }`
const wish = (more: object = {}) => ({
  ...{ clientId: newClientId(), accountId: somebody.profileId, kind: 'MUTE', minutes: 30 },
  ...{ reason: 'loud', explanation: 'You were loud.', ...more },
})
const asStaff = (document: string, input: object, { token } = moderator) =>
  ask<Outcome>(app, document, { input }, { token })
const audited = async (personId: string) => {
  const text = 'select actor_id, action, detail, personal from audit_log where person_id = $1 order by seq'
  return (await app.postgres.pool.query(text, [personId])).rows
}
const listOf = (subjectId: string, token = moderator.token, after: string | null = null) =>
  ask<{ restrictions: { edges: { cursor: string; node: Node }[] } }>(
    app,
    `query ($id: ID!, $after: String) { restrictions(subjectId: $id, first: 2, after: $after) { edges { cursor node { ${fields} authorId } } } }`,
    { id: subjectId, after },
    { token },
  )
const mine = async (who: { ask: TestAccount['ask'] }) =>
  (await who.ask<{ myRestrictions: Node[] }>(`{ myRestrictions { ${fields} } }`)).data?.myRestrictions

test('staff holds somebody back once, lets them go, and both are written down', async () => {
  const input = wish({ surface: 'MESSAGE' })
  const [{ data }] = await Promise.all([asStaff(create, input), asStaff(create, input)])
  expect(data?.done.restriction).toMatchObject({ kind: 'MUTE', surface: 'MESSAGE', revokedAt: null })
  const again = await Promise.all(Array.from({ length: 4 }, () => asStaff(create, input)))
  for (const answer of again) expect(answer.data?.done.restriction?.id).toBe(data?.done.restriction?.id)
  expect((await asStaff(create, { ...input, minutes: 31 })).data?.done.code).toBe('IDEMPOTENCY_MISMATCH')
  await expect(askGate(other, somebody.accountId, { surface: 'MESSAGE' })).rejects.toMatchObject({
    explanation: 'You were loud.',
  })
  expect(await mine(somebody)).toEqual([data?.done.restriction])

  const lift = { restrictionId: data?.done.restriction?.id, reason: 'quiet now' }
  for (let i = 0; i < 2; i++) expect((await asStaff(revoke, lift)).data?.done.restriction?.revokedAt).not.toBeNull()
  expect(await askGate(other, somebody.accountId, { surface: 'MESSAGE' })).toMatchObject({ hiddenBy: null })
  expect(await mine(somebody)).toEqual([])
  expect(await audited(somebody.accountId)).toEqual([
    {
      ...{ actor_id: moderator.id, action: 'RESTRICT', detail: { kind: 'MUTE', surface: 'MESSAGE', minutes: 30 } },
      personal: { reason: 'loud', explanation: 'You were loud.' },
    },
    { actor_id: moderator.id, action: 'LIFT_RESTRICTION', detail: {}, personal: { reason: 'quiet now' } },
  ])
})

test('what has no end, and bans, are for ADMIN; nobody else imposes or lifts anything', async () => {
  const ban = wish({ kind: 'BAN', minutes: null })
  for (const input of [ban, wish({ minutes: null }), wish({ kind: 'BAN' })])
    expect(codeOf(await asStaff(create, input))).toBe('FORBIDDEN')
  expect(codeOf(await asStaff(create, { ...ban, surface: 'MESSAGE' }, admin))).toBe('BAD_USER_INPUT')
  const { data } = await asStaff(create, ban, admin)
  expect(data?.done.restriction).toMatchObject({ kind: 'BAN', expiresAt: null })
  const lift = { restrictionId: data?.done.restriction?.id, reason: 'a mistake' }
  expect(codeOf(await asStaff(revoke, lift))).toBe('FORBIDDEN')
  const stranger = await createAccount(app)
  expect(codeOf(await asStaff(revoke, lift, stranger as never))).toBe('FORBIDDEN')
  expect(codeOf(await asStaff(create, wish(), stranger as never))).toBe('FORBIDDEN')
  expect((await asStaff(revoke, lift, admin)).data?.done.restriction?.revokedAt).not.toBeNull()
})

test('nobody there is not found, and what cannot be kept is refused', async () => {
  const nobody = Buffer.from('Account:00000000-0000-7000-8000-000000000000').toString('base64')
  expect(codeOf(await asStaff(create, wish({ accountId: nobody })))).toBe('NOT_FOUND')
  expect(codeOf(await asStaff(create, wish({ accountId: 'junk' })))).toBe('NOT_FOUND')
  expect(codeOf(await listOf('junk'))).toBe('NOT_FOUND')
  for (const more of [
    { accountId: null },
    { minutes: 0 },
    { minutes: 600_000 },
    { reason: '' },
    { explanation: 'x'.repeat(501) },
  ])
    expect(codeOf(await asStaff(create, wish(more)))).toBe('BAD_USER_INPUT')
})

test('lists and standings are pages for staff, and every look is written down', async () => {
  for (const kind of ['MUTE', 'SHADOW', 'BLOCK']) await asStaff(create, wish({ kind }))
  const first = (await listOf(somebody.profileId)).data?.restrictions.edges ?? []
  expect(first.map(({ node }) => node.kind)).toEqual(['BLOCK', 'SHADOW'])
  const second = (await listOf(somebody.profileId, moderator.token, first[1]?.cursor)).data?.restrictions.edges
  expect(second?.map(({ node }) => node.kind)).toEqual(['MUTE'])
  expect(codeOf(await listOf(somebody.profileId, somebody.token))).toBe('FORBIDDEN')
  const document = `query ($id: ID) { standing(accountId: $id) { trust risk band events { edges { node { kind } } } } }`
  const { data } = await ask(app, document, { id: somebody.profileId }, { token: moderator.token })
  expect(data?.['standing']).toEqual({ trust: 50, risk: 30, band: 'NEUTRAL', events: { edges: [] } })
  const pages = `query ($id: ID, $after: String) { standing(accountId: $id) { events(after: $after) { edges { cursor } } } }`
  for (const after of ['junk', '', first[1]?.cursor])
    expect(codeOf(await ask(app, pages, { id: somebody.profileId, after }, { token: moderator.token }))).toBe(
      'BAD_USER_INPUT',
    )
  const actions = (await audited(somebody.accountId)).map(({ action }) => action)
  expect(actions.slice(3, 6)).toEqual(['READ_RESTRICTIONS', 'READ_RESTRICTIONS', 'READ_STANDING'])
})

test('somebody shadowed finds no trace of it, a phone sees its own, and nobody that of another', async () => {
  const phone = await createPhone(app)
  const shadow = await impose(app, { personId: somebody.accountId, kind: 'SHADOW', minutes: 60 })
  const muted = await impose(app, { personId: phone.personId, kind: 'MUTE', minutes: 60 })
  const nodeOf = async (id: string, token: string) => {
    const variables = { id: Buffer.from(`Restriction:${id}`).toString('base64') }
    const answer = await ask<{ node: Node | null }>(
      app,
      `query ($id: ID!) { node(id: $id) { ... on Restriction { kind } } }`,
      variables,
      { token },
    )
    return answer.data?.node ?? null
  }
  expect(await mine(somebody)).toEqual([])
  expect(await nodeOf(shadow, somebody.token)).toBeNull()
  expect(await nodeOf(shadow, moderator.token)).toEqual({ kind: 'SHADOW' })
  expect(await mine(phone)).toMatchObject([{ kind: 'MUTE' }])
  expect(await nodeOf(muted, phone.token)).toEqual({ kind: 'MUTE' })
  expect(await nodeOf(muted, somebody.token)).toBeNull()
})

const challengeOf = async (personId: string, on = app) =>
  (await askGate(on, personId, { surface: 'MESSAGE' }).catch((error: unknown) => error)) as {
    challenge: string
    difficulty: number
  }
const answer = async (who: { ask: TestAccount['ask'] }, challenge: string, solution: string) => {
  const { data } = await who.ask<Outcome>(answerDocument, { input: { challenge, solution } })
  return data?.done
}

test('a challenge is lifted by its own answer, once, in time, and by nobody else', async () => {
  const { accountId } = somebody
  await impose(app, { personId: accountId, kind: 'CHALLENGE', minutes: 60 })
  const { challenge, difficulty } = await challengeOf(accountId, other)
  const solution = solved(challenge, difficulty)
  const failed = { __typename: 'ChallengeFailedError', code: 'BAD_USER_INPUT' }
  const stranger = await createAccount(app)
  expect(await answer(stranger, challenge, solution)).toEqual(failed)
  expect(await answer(somebody, challenge, `${solution}0`)).toEqual(failed)
  expect(await answer(somebody, challenge.replace(/.$/, 'x'), solution)).toEqual(failed)
  expect(await answer(somebody, 'junk', solution)).toEqual(failed)
  app.clock.advance(10 * 60 * 1000)
  expect(await answer(somebody, challenge, solution)).toEqual(failed)
  app.clock.advance(-10 * 60 * 1000)
  const answers = await Promise.all(Array.from({ length: 4 }, () => answer(somebody, challenge, solution)))
  expect(answers.filter((one) => one?.answered)).toHaveLength(1)
  expect(await askGate(other, accountId, { surface: 'MESSAGE' })).toMatchObject({ hiddenBy: null })
})

test('whoever is erased leaves no restriction, standing or key, and no name on those of others', async () => {
  const [phone, victim] = [await createPhone(app), await createAccount(app)]
  await impose(app, { personId: phone.personId, kind: 'MUTE', minutes: 60 })
  const id = await impose(app, { personId: victim.accountId, kind: 'MUTE', minutes: 60, authorId: somebody.accountId })
  await app.postgres.transaction((sql) =>
    app.services.gate.standings.note(sql, { personId: phone.personId, kind: 'warned', surface: null, cause: 'a test' }),
  )
  await phone.ask('mutation { deleteDevice { __typename } }')
  await app.services.gate.erase(somebody.accountId)
  // Every node has heard of it after three seconds; here there is nobody to hear.
  await app.postgres.pool.query('update graphile_worker._private_jobs set run_at = now()')
  await app.idle()
  for (const table of ['restrictions', 'standings', 'reputation_events']) {
    const text = `select 1 from ${table} where person_id = $1`
    expect((await app.postgres.pool.query(text, [phone.personId])).rows).toEqual([])
  }
  await app.services.gate.refresh(phone.personId)
  for await (const keys of app.redis.keysLike(`*${phone.personId}*`)) expect(keys).toEqual([])
  const { rows } = await app.postgres.pool.query('select author_id from restrictions where id = $1', [id])
  expect(rows).toEqual([{ author_id: null }])
})
