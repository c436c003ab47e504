import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createThings, decideNow, enforcementOn, globalId, newDecision, revertNow, tracesOf } from '../kit/decisions.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone } from '../kit/phones.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
const things = createThings()
let enforcement: ReturnType<typeof enforcementOn>

beforeAll(async () => {
  app = await createTestApp()
  enforcement = enforcementOn(app, things)
})

const owner = async () => (await createAccount(app)).accountId
const actionsOf = async (personId: string) =>
  (await tracesOf(app, personId)).statuses.map(({ data }) => `${data.action}${data.reverted ? ' reverted' : ''}`)

test('each action has its effects, told with a reason but for a shadow', async () => {
  for (const [action, state, restriction] of [
    ['WARN', 'VISIBLE', null],
    ['HIDE', 'HIDDEN', null],
    ['REMOVE', 'REMOVED', null],
    ['SHADOW', 'HIDDEN', null],
    ['MUTE', 'VISIBLE', 'MUTE'],
    ['RESTRICT', 'VISIBLE', 'BLOCK'],
    ['BAN', 'VISIBLE', 'BAN'],
  ] as const) {
    const personId = await owner()
    const subject = things.add('VENUE', personId)
    const id = await decideNow(app, enforcement, newDecision(subject, personId, action))
    expect([action, things.stateOf(subject)]).toEqual([action, state])
    const { statuses, restrictions } = await tracesOf(app, personId)
    expect(restrictions.map(({ kind }) => kind)).toEqual(restriction ? [restriction] : [])
    expect(statuses.map(({ data }) => data.explanation)).toEqual(
      action === 'SHADOW' ? [] : ['Please be kinder to others.'],
    )
    await revertNow(app, enforcement, id)
    const after = await tracesOf(app, personId)
    expect([action, things.stateOf(subject)]).toEqual([action, 'VISIBLE'])
    expect(after.restrictions.every(({ revoked_at: revokedAt }) => revokedAt !== null)).toBe(true)
    expect(after.statuses).toHaveLength(action === 'SHADOW' ? 0 : 2)
    const sum = after.events.reduce((all, one) => all + Math.abs(one.trust_delta) + Math.abs(one.risk_delta), 0)
    const balance = after.events.reduce((all, one) => all + one.trust_delta + one.risk_delta, 0)
    expect([action, balance]).toEqual([action, 0])
    if (action === 'REMOVE') expect(sum).toBe(20)
  }
})

test('the strongest decision that stands is what shows; undoing one leaves what the other demands', async () => {
  const personId = await owner()
  const subject = things.add('MESSAGE', personId)
  const hide = await decideNow(app, enforcement, newDecision(subject, personId, 'HIDE'))
  const remove = await decideNow(app, enforcement, newDecision(subject, personId, 'REMOVE'))
  const shadow = await decideNow(app, enforcement, newDecision(subject, personId, 'SHADOW'))
  expect(things.stateOf(subject)).toBe('REMOVED')
  await revertNow(app, enforcement, hide)
  expect(things.stateOf(subject)).toBe('REMOVED')
  await revertNow(app, enforcement, remove)
  expect(things.stateOf(subject)).toBe('HIDDEN')
  await revertNow(app, enforcement, shadow)
  expect(things.stateOf(subject)).toBe('VISIBLE')
})

test('what was undone can be decided again, and applies again', async () => {
  const personId = await owner()
  const subject = things.add('EVENT', personId)
  for (let time = 0; time < 3; time += 1) {
    const id = await decideNow(app, enforcement, newDecision(subject, personId, 'REMOVE'))
    expect(things.stateOf(subject)).toBe('REMOVED')
    await revertNow(app, enforcement, id)
    expect(things.stateOf(subject)).toBe('VISIBLE')
  }
  expect(await actionsOf(personId)).toEqual(Array.from({ length: 3 }, () => ['REMOVE', 'REMOVE reverted']).flat())
})

test('ending a shadow shows what it hid, and nothing that something else hides', async () => {
  const personId = await owner()
  const shadow = await decideNow(app, enforcement, newDecision(things.add('ACCOUNT', personId), personId, 'SHADOW'))
  const at = new Date(app.clock.now())
  const [written, hidden] = [1, 2].map(() => things.add('MESSAGE', personId, { by: shadow, at })) as [never, never]
  const hide = await decideNow(app, enforcement, newDecision(hidden, personId, 'HIDE'))
  const other = things.add('MESSAGE', personId, { by: shadow, at })
  await revertNow(app, enforcement, await decideNow(app, enforcement, newDecision(other, personId, 'HIDE')))
  expect(things.stateOf(other)).toBe('HIDDEN')
  await revertNow(app, enforcement, shadow)
  expect([things.stateOf(written), things.stateOf(hidden)]).toEqual(['VISIBLE', 'HIDDEN'])
  await revertNow(app, enforcement, hide)
  expect(things.stateOf(hidden)).toBe('VISIBLE')
})

test('a decision that is undone before it took effect leaves nothing behind', async () => {
  const personId = await owner()
  const subject = things.add('VENUE', personId)
  const { id } = await app.postgres.transaction((sql) =>
    enforcement.decide(sql, newDecision(subject, personId, 'REMOVE')),
  )
  await revertNow(app, enforcement, id)
  expect(things.stateOf(subject)).toBe('VISIBLE')
  expect(await tracesOf(app, personId)).toEqual({ statuses: [], restrictions: [], events: [] })
})

test('what nobody carried out is carried out by the sweep; one that cannot be does not keep back the others', async () => {
  const personId = await owner()
  const [bad, good] = [things.add('VENUE', personId), things.add('VENUE', personId)]
  const decided = [bad, good].map((subject) =>
    app.postgres.transaction((sql) => enforcement.decide(sql, newDecision(subject, personId, 'HIDE'))),
  )
  await Promise.all(decided)
  let failed = false
  things.hooks.before = async () => {
    if (failed) return
    failed = true
    throw new Error('a module is away')
  }
  await enforcement.sweep().catch(() => undefined)
  things.hooks.before = async () => undefined
  expect([things.stateOf(bad), things.stateOf(good)].filter((state) => state === 'HIDDEN')).toHaveLength(1)
  await enforcement.sweep()
  expect([things.stateOf(bad), things.stateOf(good)]).toEqual(['HIDDEN', 'HIDDEN'])
  expect(await actionsOf(personId)).toEqual(['HIDE', 'HIDE'])
})

test('the same decision again is the same decision', async () => {
  const personId = await owner()
  const subject = things.add('VENUE', personId)
  const given = {
    id: subject.id,
    subject,
    ownerId: personId,
    action: 'HIDE' as const,
    reason: 'words',
    explanation: 'Not here.',
  }
  for (let time = 0; time < 3; time += 1) expect((await enforcement.decideBySystem(given)).state).toBe('APPLIED')
  expect(await actionsOf(personId)).toEqual(['HIDE'])
})

test('what an action does not have is refused', async () => {
  const personId = await owner()
  const subject = things.add('VENUE', personId)
  const refused = (more: object, action: 'WARN' | 'MUTE' = 'MUTE') =>
    expect(decideNow(app, enforcement, newDecision(subject, personId, action, more))).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    })
  await refused({ surface: 'MESSAGE' }, 'WARN')
  await refused({ minutes: 5 }, 'WARN')
  for (const minutes of [0, -1, 2 ** 31 - 1]) await refused({ minutes })
  await refused({ explanation: ' ' })
  await refused({ reason: 'x'.repeat(81) })
})

const decisionDocument = `query ($id: ID!) { node(id: $id) { ... on Decision { id action state explanation subject { kind id } } } }`
const revertDocument = `mutation ($input: RevertDecisionInput!) { revertDecision(input: $input) { __typename
  ... on RevertDecisionPayload { decision { state revertReason } } ... on DecisionRevertedError { code state } } }`

test('staff undo a decision once, and it is written down; nobody else can', async () => {
  const [ann, staff] = [await createAccount(app), await createStaff(app, 'MODERATOR')]
  const subject = { kind: 'ACCOUNT' as const, id: ann.accountId }
  const id = await decideNow(
    app,
    app.services.enforcement,
    newDecision(subject, ann.accountId, 'MUTE', { minutes: 60 }),
  )
  const input = { decisionId: globalId('Decision', id), reason: 'It was a joke.' }
  expect(codeOf(await ann.ask(revertDocument, { input }))).toBe('FORBIDDEN')
  const asStaff = { ...ann, token: staff.token }
  const undo = async () => {
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${asStaff.token}` },
      body: JSON.stringify({ query: revertDocument, variables: { input } }),
    })
    return (await response.json()).data.revertDecision
  }
  expect(await undo()).toEqual({
    __typename: 'RevertDecisionPayload',
    decision: { state: 'REVERTED', revertReason: 'It was a joke.' },
  })
  expect(await undo()).toEqual({ __typename: 'DecisionRevertedError', code: 'CONFLICT', state: 'REVERTED' })
  const { rows } = await app.postgres.pool.query(
    `select actor_id, personal from audit_log where action = 'REVERT_DECISION' and target = $1`,
    [`decision:${id}`],
  )
  expect(rows).toEqual([{ actor_id: staff.id, personal: { reason: 'It was a joke.' } }])
})

test('only ADMIN undoes a ban, and what silences without an end', async () => {
  const [ann, mia, ada] = [
    await createAccount(app),
    await createStaff(app, 'MODERATOR'),
    await createStaff(app, 'ADMIN'),
  ]
  const subject = { kind: 'ACCOUNT' as const, id: ann.accountId }
  const id = await decideNow(app, app.services.enforcement, newDecision(subject, ann.accountId, 'BAN'))
  const input = { decisionId: globalId('Decision', id), reason: 'It was a joke.' }
  expect(codeOf(await ask(app, revertDocument, { input }, { token: mia.token }))).toBe('FORBIDDEN')
  expect(await app.services.gate.banOf(ann.accountId)).not.toBeNull()
  expect(await ask(app, revertDocument, { input }, { token: ada.token })).toMatchObject({
    data: { revertDecision: { decision: { state: 'REVERTED' } } },
  })
  expect(await app.services.gate.banOf(ann.accountId)).toBeNull()
  const revertBy = async (given: string, token: string) =>
    ask(app, revertDocument, { input: { decisionId: globalId('Decision', given), reason: 'Enough.' } }, { token })
  const mute = (minutes: number | null) =>
    decideNow(app, app.services.enforcement, newDecision(subject, ann.accountId, 'MUTE', { minutes }))
  expect(codeOf(await revertBy(await mute(null), mia.token))).toBe('FORBIDDEN')
  expect(codeOf(await revertBy(await mute(10), mia.token))).toBeUndefined()
})

test('owners see decisions about what is theirs, and never a shadow; others see none', async () => {
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const subject = { kind: 'ACCOUNT' as const, id: ann.accountId }
  const [warn, shadow] = await Promise.all(
    (['WARN', 'SHADOW'] as const).map((action) =>
      decideNow(app, app.services.enforcement, newDecision(subject, ann.accountId, action)),
    ),
  )
  const seen = async (who: typeof ann, id = '') => {
    const { data } = await who.ask<{ node: object | null }>(decisionDocument, { id: globalId('Decision', id) })
    return data?.node
  }
  expect(await seen(ann, warn)).toMatchObject({ action: 'WARN', state: 'APPLIED', subject: { kind: 'ACCOUNT' } })
  expect(await seen(ann, shadow)).toBeNull()
  expect(await seen(ben, warn)).toBeNull()
})

test('erasing somebody drops what they were told, and makes what was decided nobody’s', async () => {
  const phone = await createPhone(app)
  const subject = { kind: 'DEVICE' as const, id: phone.personId }
  await decideNow(app, app.services.enforcement, newDecision(subject, phone.personId, 'WARN'))
  expect(await app.services.enforcement.erase(phone.personId)).toBe(2)
  expect((await tracesOf(app, phone.personId)).statuses).toEqual([])
  const { rows } = await app.postgres.pool.query('select owner_id from decisions where subject_id = $1', [
    phone.personId,
  ])
  expect(rows).toEqual([{ owner_id: null }])
})
