// biome-ignore-all lint/suspicious/noThenProperty: the word of the documents, which nobody awaits
import { act, activityInput, activityUuid, look, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { solved } from '../kit/challenges.ts'
import { askGate } from '../kit/gate.ts'
import { ask } from '../kit/gql.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'
import { activated } from '../kit/policies.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let author: Phone
let reader: Phone
const rules = [
  ['raffle', { action: 'HIDE', severity: 3, reason: 'Raffles wait for staff.', openCase: true }],
  ['drum', { action: 'SHADOW', severity: 1, reason: 'Drums.' }],
  ['oracle', { action: 'CHALLENGE', severity: 1, reason: 'Oracles.' }],
  ['volcano', { action: 'REJECT', severity: 4, reason: 'No volcanoes here.' }],
  ['lonely', { action: 'ALLOW', severity: 4, reason: 'Somebody may need company.', openCase: true }],
  [
    'noisy',
    { action: 'ALLOW', severity: 1, reason: 'Too noisy.', restrict: { kind: 'MUTE', surface: null, minutes: 30 } },
  ],
] as const

beforeAll(async () => {
  app = await createTestApp()
  const document = { rules: rules.map(([word, then]) => ({ id: word, when: { matches: word }, then })) }
  await activated(app, (await createStaff(app)).token, JSON.stringify(document))
})
beforeEach(async () => {
  ;[author, reader] = [await createPhone(app), await createPhone(app)]
  for (const phone of [author, reader]) await phone.beat(zurich, new Date(app.clock.now()))
})

const rowsOf = async (text: string, id: string) => (await app.postgres.pool.query(text, [id])).rows
const decisions = (id: string) =>
  rowsOf('select id, action, state, rule, explanation, owner_id from decisions where subject_id = $1', activityUuid(id))
const cases = (id: string) =>
  rowsOf('select severity, reasons from moderation_cases where subject_id = $1', activityUuid(id))

test('what a policy hides is seen by its author only, until staff undoes the decision that it became', async () => {
  const { id } = await start(author, { title: 'A raffle in the park' })
  expect(await look(author, id)).toMatchObject({ id })
  expect(await look(reader, id)).toBeNull()
  for (let i = 0; i < 2; i++) await app.idle()
  const [decision, ...more] = await decisions(id)
  expect(more).toEqual([])
  expect(decision).toMatchObject({ action: 'HIDE', state: 'APPLIED', rule: 'raffle', owner_id: author.personId })
  expect(await cases(id)).toEqual([{ severity: 3, reasons: ['Raffles wait for staff.'] }])
  expect(await look(reader, id)).toBeNull()

  const { token } = await createStaff(app, 'MODERATOR')
  const input = { decisionId: Buffer.from(`Decision:${decision.id}`).toString('base64'), reason: 'a nice raffle' }
  const revert = `mutation ($input: RevertDecisionInput!) { revertDecision(input: $input) { __typename } }`
  expect(await ask(app, revert, { input }, { token })).toMatchObject({
    data: { revertDecision: { __typename: 'RevertDecisionPayload' } },
  })
  await app.idle()
  expect(await look(reader, id)).toMatchObject({ id })
})

test('an attempt that is repeated has one decision, whichever node decides', async () => {
  const input = activityInput({ title: 'A drum in the park' })
  const node = await app.node()
  const answers = await Promise.all([act(author, 'createActivity', input), act(author, 'createActivity', input, node)])
  const [id = ''] = answers.map(({ activity }) => activity?.id ?? '')
  expect(answers.map(({ activity }) => activity?.id)).toEqual([id, id])
  await app.idle()
  await act(author, 'createActivity', input, node)
  await app.idle()
  expect(await decisions(id)).toMatchObject([{ action: 'SHADOW' }])
  expect(await cases(id)).toEqual([])
  expect(await look(reader, id)).toBeNull()
})

test('what is refused is not there, and says why; cries for help are shown, and staff hears of them', async () => {
  const refused = await act(author, 'createActivity', activityInput({ title: 'See the volcano' }))
  expect(refused).toMatchObject({ __typename: 'ContentRejectedError', code: 'CONTENT_REJECTED' })
  const { id } = await start(author, { title: 'I am lonely' })
  expect(await look(reader, id)).toMatchObject({ id })
  await app.idle()
  expect(await decisions(id)).toEqual([])
  expect(await cases(id)).toEqual([{ severity: 4, reasons: ['Somebody may need company.'] }])
})

test('a challenge is answered once for an hour of such writes', async () => {
  const oracle = () => act(author, 'createActivity', activityInput({ title: 'Ask the oracle' }))
  const document = `mutation ($input: CreateActivityInput!) { createActivity(input: $input) { __typename
    ... on ChallengeRequiredError { challenge difficulty } } }`
  const { data } = await author.ask<{ createActivity: { challenge: string; difficulty: number } }>(document, {
    input: activityInput({ title: 'Ask the oracle' }),
  })
  const { challenge = '', difficulty = 0 } = data?.createActivity ?? {}
  expect(await oracle()).toMatchObject({ __typename: 'ChallengeRequiredError' })
  const answer = `mutation ($input: AnswerChallengeInput!) { answerChallenge(input: $input) { __typename } }`
  const input = { challenge, solution: solved(challenge, difficulty) }
  expect(await author.ask(answer, { input })).toMatchObject({
    data: { answerChallenge: { __typename: 'AnswerChallengePayload' } },
  })
  for (let i = 0; i < 2; i++) expect(await oracle()).toMatchObject({ __typename: 'CreateActivityPayload' })
})

test('what a policy holds somebody back with holds from the next write on, once for each attempt', async () => {
  const attempt = newClientId()
  for (let i = 0; i < 2; i++) {
    const asked = askGate(app, author.personId, { attempt, texts: ['a noisy one'] })
    if (i === 0) expect(await asked).toMatchObject({ hiddenBy: null })
    else await expect(asked).rejects.toMatchObject({ restriction: 'MUTE', explanation: 'Too noisy.' })
  }
  expect(await rowsOf('select reason from restrictions where person_id = $1', author.personId)).toEqual([
    { reason: 'policy' },
  ])
  const refused = await act(author, 'createActivity', activityInput())
  expect(refused).toMatchObject({ __typename: 'RestrictedError', code: 'FORBIDDEN' })
})

test('an invitation that a policy would hide is refused: there is nothing of it that staff could show again', async () => {
  const invite = (text: string) => askGate(app, author.personId, { surface: 'INVITE', texts: [text] })
  for (const word of ['raffle', 'drum'])
    await expect(invite(`The ${word} group`)).rejects.toMatchObject({ code: 'CONTENT_REJECTED' })
  expect(await invite('The choir')).toMatchObject({ hiddenBy: null })
})

test('what only a rule hides counts as a warning, not towards being silenced', async () => {
  for (const title of ['A raffle on Monday', 'A raffle on Tuesday']) {
    await start(author, { title })
    for (let i = 0; i < 2; i++) await app.idle()
  }
  const events = await rowsOf('select kind from reputation_events where person_id = $1', author.personId)
  expect(events.map(({ kind }) => kind)).toEqual(['warned', 'warned'])
  expect(await askGate(app, author.personId)).toMatchObject({ hiddenBy: null })
})
