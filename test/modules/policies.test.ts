import { rawId } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'
import { type Answer, ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import {
  activated,
  changePolicy,
  createPolicy,
  draft,
  judged,
  judgedRows,
  newPerson,
  type PolicyAnswer,
  plainFeatures,
  policyDocument,
} from '../kit/policies.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
let admin: Awaited<ReturnType<typeof createStaff>>
let second: Awaited<ReturnType<typeof createStaff>>
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  ;[admin, second] = [await createStaff(app), await createStaff(app)]
})

const harmless = policyDocument({ text: { anyOf: ['slur>=high'] } })
const judgeOn = (node: TestApp) => node.services.policies.judge(plainFeatures, '').policyId
const states = async () => {
  const { rows } = await app.postgres.pool.query<{ id: string; state: string }>('select id, state from policy_versions')
  return rows
}
const inState = async (state: string) => (await states()).filter((row) => row.state === state).map(({ id }) => id)
const audits = async (policyId: string) => {
  const text = 'select actor_id as by, action, detail from audit_log where target = $1 order by seq'
  return (await app.postgres.pool.query(text, [`policy:${rawId(policyId)}`])).rows
}

test('a new deployment judges by version 1, put there once however many nodes start', async () => {
  const own = await createTestApp()
  const nodes = await Promise.all(Array.from({ length: 3 }, () => own.node()))
  const { rows } = await own.postgres.pool.query('select number, state from policy_versions')
  expect(rows).toEqual([{ number: 1, state: 'ACTIVE' }])
  for (const node of nodes) expect(judgeOn(node)).toBe(judgeOn(own))
  await own.postgres.pool.query('delete from policy_versions')
  await Promise.all(nodes.map((node) => node.services.policies.ready()))
  expect((await own.postgres.pool.query('select number, state from policy_versions')).rows).toHaveLength(1)
})

test('a version is made, tried beside the active one, activated and replaced, and each step is written down', async () => {
  const clientId = newClientId()
  const { data } = await createPolicy(app, admin.token, harmless, clientId)
  expect(data?.result?.policy).toMatchObject({ state: 'DRAFT' })
  const id = data?.result?.policy?.id ?? ''
  expect((await createPolicy(app, admin.token, harmless, clientId)).data?.result?.policy?.id).toBe(id)
  const mismatch = await createPolicy(app, admin.token, policyDocument({ trustBelow: 2 }), clientId)
  expect(mismatch.data?.result?.code).toBe('IDEMPOTENCY_MISMATCH')

  const stateAfter = async (what: Parameters<typeof changePolicy>[2]) =>
    (await changePolicy(app, admin.token, what, id)).data?.result?.policy?.state
  for (let i = 0; i < 2; i += 1) expect(await stateAfter('shadow')).toBe('SHADOW')
  for (let i = 0; i < 2; i += 1) expect(await stateAfter('activate')).toBe('ACTIVE')
  expect(judgeOn(app)).toBe(rawId(id))
  for (const what of ['shadow', 'retire', 'approve'] as const) {
    const refused = await changePolicy(app, second.token, what, id)
    expect(refused.data?.result).toMatchObject({ __typename: 'PolicyStateError', code: 'CONFLICT' })
  }
  await activated(app, admin.token, harmless)
  expect((await states()).find((row) => row.id === rawId(id))?.state).toBe('RETIRED')
  expect((await audits(id)).map(({ action }) => action)).toEqual(['CREATE_POLICY', 'SHADOW_POLICY', 'ACTIVATE_POLICY'])
  expect((await audits(id)).every(({ by }) => by === admin.id)).toBe(true)
})

test('however often a version is asked for at once, with one client id there is one', async () => {
  const clientId = newClientId()
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => createPolicy(i % 2 ? app : other, admin.token, harmless, clientId)),
  )
  expect(new Set(answers.map(({ data }) => data?.result?.policy?.id)).size).toBe(1)
  const { rows } = await app.postgres.pool.query('select 1 from policy_versions where client_id = $1', [clientId])
  expect(rows).toHaveLength(1)
})

test('a document that is none is refused with everything that is wrong, and a huge one before it is read', async () => {
  const { data } = await createPolicy(
    app,
    admin.token,
    policyDocument({ text: { anyOf: ['cute>=high'] }, trustBelow: 0 }),
  )
  expect(data?.result).toMatchObject({ __typename: 'PolicyInvalidError', code: 'BAD_USER_INPUT' })
  expect(data?.result?.problems?.map(({ path }) => path).sort()).toEqual([
    'rules.0.when.text.anyOf.0',
    'rules.0.when.trustBelow',
  ])
  for (const length of [70_000, 10 * 1024 * 1024])
    expect(codeOf(await createPolicy(app, admin.token, '['.repeat(length)))).toBe('PAYLOAD_TOO_LARGE')
  const nul = await createPolicy(app, admin.token, policyDocument({ trustBelow: 5 }, { reason: '\0' }))
  expect(nul.data?.result?.problems?.map(({ path }) => path)).toEqual(['rules.0.then.reason'])
})

test('every node judges by what is active within a second, also if nobody tells it', async () => {
  const id = rawId(await activated(app, admin.token, harmless))
  await eventually(
    () => judgeOn(other),
    (judging) => judging === id,
    1000,
  )
  const older = (await inState('RETIRED'))[0] ?? ''
  // As it would be without Redis: only the rows change.
  await app.postgres.pool.query(
    `with replaced as (update policy_versions set state = 'RETIRED' where state = 'ACTIVE') select 1`,
  )
  await app.postgres.pool.query(`update policy_versions set state = 'ACTIVE' where id = $1`, [older])
  for (const node of [app, other])
    await eventually(
      () => judgeOn(node),
      (judging) => judging === older,
      1000,
    )
})

test('while the versions cannot be read the last one that is known goes on, and the next is known soon after', async () => {
  const own = await createTestApp()
  const staff = await createStaff(own)
  const id = rawId(await activated(own, staff.token, harmless))
  await own.postgres.pool.query('alter table policy_versions rename to versions_away')
  await eventually(
    () => own.logs.some(({ message }) => message === 'policies: versions are not read'),
    (said) => said,
  )
  expect(judgeOn(own)).toBe(id)
  await own.postgres.pool.query('alter table versions_away rename to policy_versions')
  const next = rawId(await activated(own, staff.token, harmless))
  expect(judgeOn(own)).toBe(next)
})

test('however many activate at once on two nodes, exactly one version is active, and every node judges by it', async () => {
  const ids = await Promise.all(Array.from({ length: 6 }, () => draft(app, admin.token, harmless)))
  const total = rounds(1000)
  for (let done = 0; done < total; ) {
    const size = Math.min(10, total - done)
    done += size
    const answers = await Promise.all(
      Array.from({ length: size }, (_, i) =>
        changePolicy(i % 2 ? app : other, i % 3 ? admin.token : second.token, 'activate', ids[(done + i) % 6] ?? ''),
      ),
    )
    for (const { data } of answers) expect(data?.result?.__typename).toBe('ActivatePolicyPayload')
    expect(await inState('ACTIVE')).toHaveLength(1)
  }
  const [active] = await inState('ACTIVE')
  for (const node of [app, other])
    await eventually(
      () => judgeOn(node),
      (judging) => judging === active,
    )
}, 60_000)

test('at most one version is in the shadow; what it would decide is noted beside what was decided, and the text is not', async () => {
  const own = await createTestApp()
  const staff = await createStaff(own)
  await activated(own, staff.token, policyDocument({ matches: 'cats' }))
  const first = await draft(own, staff.token, policyDocument({ trustBelow: 60 }, { action: 'REJECT' }))
  const next = await draft(own, staff.token, policyDocument({ trustBelow: 60 }, { action: 'SHADOW' }))
  await changePolicy(own, staff.token, 'shadow', first)
  await changePolicy(own, staff.token, 'shadow', next)
  const personId = newPerson(own)
  judged(own, { signals: ['reported', 'new_person'] }, { personId, folded: 'raining cats' })
  judged(own, {}, { personId, folded: 'raining dogs' })
  const rows = await judgedRows(own)
  expect(rows.map(({ decision }) => decision.action)).toEqual(['HIDE', 'ALLOW'])
  expect(rows.map(({ shadow_policy_id }) => shadow_policy_id)).toEqual([rawId(next), rawId(next)])
  expect(rows.map(({ shadow_decision }) => shadow_decision?.action)).toEqual(['SHADOW', 'SHADOW'])
  expect(rows.map(({ features }) => Object.values(features['matched'] ?? {}))).toEqual([[true], [false]])
  expect(JSON.stringify(rows)).not.toMatch(/raining|dogs/)
  // What was kept is dropped with its writer, or after 30 days.
  judged(own)
  expect(await own.services.policies.erase(personId)).toBe(2)
  expect(await judgedRows(own)).toHaveLength(1)
  own.clock.advance(30 * 24 * 60 * 60 * 1000 + 1000)
  judged(own)
  await own.services.policies.flush()
  await own.services.policies.dropOldJudged()
  expect(await judgedRows(own)).toHaveLength(1)
})

test('of an erased ADMIN the versions stay, and nobody has made them', async () => {
  const gone = await createStaff(app)
  const id = await draft(app, gone.token, harmless)
  await changePolicy(app, gone.token, 'activate', id)
  expect(await app.services.policies.erase(gone.id)).toBe(1)
  const { data } = await ask<{ policy: object }>(
    app,
    'query ($id: ID!) { policy(id: $id) { state createdBy activatedBy } }',
    { id },
    { token: admin.token },
  )
  expect(data?.policy).toEqual({ state: 'ACTIVE', createdBy: null, activatedBy: null })
})

test('all versions are listed, the newest first, and the active one is found', async () => {
  const query = `query ($first: Int, $after: String) { activePolicy { id } policies(first: $first, after: $after) {
    pageInfo { endCursor hasNextPage } edges { node { number state document } } } }`
  type Page = {
    activePolicy: { id: string }
    policies: { pageInfo: { endCursor: string; hasNextPage: boolean }; edges: { node: { number: number } }[] }
  }
  const moderator = await createStaff(app, 'MODERATOR')
  const numbers: number[] = []
  let after: string | null = null
  do {
    const { data }: Answer<Page> = await ask(app, query, { first: 4, after }, { token: moderator.token })
    numbers.push(...(data?.policies.edges.map(({ node }) => node.number) ?? []))
    after = data?.policies.pageInfo.hasNextPage ? data.policies.pageInfo.endCursor : null
    expect(rawId(data?.activePolicy.id ?? '')).toBe((await inState('ACTIVE'))[0])
  } while (after)
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => numbers.length - i))
})

const dryRunDocument = `query ($policyId: ID, $document: String, $texts: [String!], $trust: Int, $signals: [PolicySignal!], $labels: [String!]) {
  result: dryRunPolicy(policyId: $policyId, document: $document, surface: ACTIVITY, texts: $texts, trust: $trust, signals: $signals, imageLabels: $labels) {
    __typename ... on Error { code } ... on PolicyTrial { decision { action severity reasons rules openCase restrict { kind minutes surface } } labels { label level } } } }`

test('a dry run tells what would be decided about one write, and leaves nothing behind', async () => {
  const moderator = await createStaff(app, 'MODERATOR')
  const before = await states()
  const dryRun = async (variables: object) => {
    const answer = await ask<{ result: { decision?: { action: string }; code?: string } }>(
      app,
      dryRunDocument,
      { ...variables },
      { token: moderator.token },
    )
    return answer.data?.result ?? codeOf(answer)
  }
  const restrict = { kind: 'MUTE', minutes: 5 }
  const document = policyDocument({ matches: 'lottery', trustBelow: 40 }, { action: 'REJECT', restrict })
  expect(await dryRun({ document, texts: ['You won the Lottery'], trust: 39 })).toMatchObject({
    decision: {
      action: 'REJECT',
      severity: 2,
      reasons: ['Because.'],
      rules: ['rule'],
      restrict: { ...restrict, surface: null },
    },
  })
  // Of somebody of whom nothing is known trust is 50.
  expect(await dryRun({ document, texts: ['lottery'] })).toMatchObject({ decision: { action: 'ALLOW' } })
  const policyId = await draft(
    app,
    admin.token,
    policyDocument({ image: { anyOf: ['nsfw>=high'] }, signals: { allOf: ['reported'] } }),
  )
  const picture = { policyId, labels: ['nsfw>=high'], signals: ['REPORTED'] }
  expect(await dryRun(picture)).toMatchObject({ decision: { action: 'HIDE' } })
  expect(await dryRun({ document: '{}' })).toMatchObject({ __typename: 'PolicyInvalidError' })
  expect(await dryRun({ ...picture, labels: ['cute>=high'] })).toBe('BAD_USER_INPUT')
  expect(await dryRun({ document, policyId })).toBe('BAD_USER_INPUT')
  expect(await dryRun({ texts: ['a'.repeat(20_001)] })).toBe('BAD_USER_INPUT')
  expect(await dryRun({ trust: 101 })).toBe('BAD_USER_INPUT')
  expect((await states()).length).toBe(before.length + 1)
  expect(await judgedRows(app)).toEqual([])
})

test('changes are for ADMIN, reading is for staff, and nobody else learns that there is a version', async () => {
  const id = await draft(app, admin.token, harmless)
  const [moderator, phone] = [await createStaff(app, 'MODERATOR'), await createPhone(app)]
  for (const what of ['activate', 'approve', 'shadow', 'retire'] as const) {
    for (const { token } of [moderator, phone])
      expect(codeOf(await changePolicy(app, token, what, id))).toBe('FORBIDDEN')
    expect(codeOf(await changePolicy(app, undefined, what, id))).toBe('UNAUTHENTICATED')
    const never = Buffer.from('Policy:01900000-0000-7000-8000-000000000000').toString('base64')
    expect(codeOf(await changePolicy(app, admin.token, what, never))).toBe('NOT_FOUND')
  }
  expect(codeOf(await createPolicy(app, moderator.token, harmless))).toBe('FORBIDDEN')
  const read = (token: string) =>
    ask<PolicyAnswer>(app, 'query ($id: ID!) { policy(id: $id) { id } }', { id }, { token })
  expect(codeOf(await read(phone.token))).toBe('FORBIDDEN')
  expect((await read(moderator.token)).errors).toBeUndefined()
})

test('a policy whose expressions are made to hang a server does not', async () => {
  const matches = '(a+)+$'
  await activated(app, admin.token, policyDocument({ matches }))
  const begun = performance.now()
  for (let i = 0; i < 20; i += 1) app.services.policies.judge(plainFeatures, `${'a'.repeat(4000)}!`)
  expect((performance.now() - begun) / 20).toBeLessThan(50)
})
