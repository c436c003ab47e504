import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { bodiesOf, createGroup, send } from '../kit/conversations.ts'
import { decideNow, globalId, newDecision, revertNow } from '../kit/decisions.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, newClientId } from '../kit/phones.ts'
import { follow, type Stream } from '../kit/socket.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const fields = `__typename seq ... on DecisionStatus { decisionId action reverted explanation appealable until subject { kind id } decision { state } }
  ... on ReportStatus { reportId outcome report { id } } ... on RestrictionStatus { restriction explanation revoked }`
const streamDocument = `subscription ($after: Cursor, $device: Boolean) { myModerationStatus(after: $after, device: $device) { __typename
  ... on Ready { cursor } ... on ResyncRequired { cursor reason } ... on ModerationStatusChanged { cursor status { ${fields} } } } }`
const listDocument = `query ($first: Int, $after: String, $device: Boolean) { moderationStatuses(first: $first, after: $after, device: $device) {
  edges { cursor node { ${fields} } } pageInfo { hasNextPage endCursor } } }`

interface Status {
  __typename: string
  seq: number
  action?: string
  reverted?: boolean
}
type StatusEvent =
  | { __typename: 'Ready' | 'ResyncRequired'; cursor: string }
  | { __typename: 'ModerationStatusChanged'; cursor: string; status: Status }

const statusesFollowed = (who: { token: string }, variables: object = {}, on: TestApp = app): Stream<StatusEvent> =>
  follow<StatusEvent>(on, streamDocument, { token: who.token, variables: { ...variables } })

async function nextStatus(stream: Stream<StatusEvent>) {
  const event = await stream.next()
  if (event.__typename !== 'ModerationStatusChanged') throw new Error(event.__typename)
  return event as Extract<StatusEvent, { status: Status }>
}

const decide = (who: TestAccount, action: 'WARN' | 'MUTE' | 'SHADOW', more: object = {}) =>
  decideNow(
    app,
    app.services.enforcement,
    newDecision({ kind: 'ACCOUNT', id: who.accountId }, who.accountId, action, more),
  )

test('whoever is decided about is told within a second, on whatever node they listen, in plain words', async () => {
  const ann = await createAccount(app)
  const streams = [statusesFollowed(ann), statusesFollowed(ann, {}, other)]
  for (const stream of streams) expect((await stream.next()).__typename).toBe('Ready')
  const began = Date.now()
  const id = await decide(ann, 'MUTE', { minutes: 60, surface: 'MESSAGE' })
  for (const stream of streams) {
    const { status } = await nextStatus(stream)
    expect(status).toMatchObject({
      ...{ __typename: 'DecisionStatus', seq: 1, action: 'MUTE', reverted: false },
      ...{ explanation: 'Please be kinder to others.', decisionId: globalId('Decision', id) },
      ...{ subject: { kind: 'ACCOUNT', id: globalId('Account', ann.accountId) }, decision: { state: 'APPLIED' } },
    })
  }
  expect(Date.now() - began).toBeLessThan(5000)
  await revertNow(app, app.services.enforcement, id)
  for (const stream of streams) {
    expect((await nextStatus(stream)).status).toMatchObject({ seq: 2, reverted: true, until: null })
    stream.stop()
  }
})

test('the stream goes on from any cut, on another node, once and in order', async () => {
  const ann = await createAccount(app)
  const first = statusesFollowed(ann)
  const cursors = [(await first.next()).cursor]
  for (let count = 0; count < 6; count += 1) {
    await decide(ann, 'WARN')
    cursors.push((await nextStatus(first)).cursor)
  }
  first.drop()
  for (const [from, after] of cursors.entries()) {
    const resumed = statusesFollowed(ann, { after }, from % 2 === 0 ? other : app)
    expect((await resumed.next()).__typename).toBe('Ready')
    for (let seq = from + 1; seq <= 6; seq += 1) expect((await nextStatus(resumed)).status.seq).toBe(seq)
    resumed.stop()
  }
})

test('many tellings at once leave no gap', async () => {
  const ann = await createAccount(app)
  const stream = statusesFollowed(ann, {}, other)
  await stream.next()
  const tell = (node: TestApp, index: number) =>
    node.postgres
      .transaction(async (sql) => {
        await node.services.enforcement.tell(sql, ann.accountId, {
          ...{ kind: 'REPORT', reportId: ann.accountId, outcome: 'DISMISSED' },
        })
        if (index % 5 === 0) throw new Error('it came to nothing')
      })
      .then(() => node.services.enforcement.wake(ann.accountId))
      .catch(() => undefined)
  await Promise.all(Array.from({ length: 60 }, (_, index) => tell(index % 2 === 0 ? app : other, index)))
  for (let seq = 1; seq <= 48; seq += 1) expect((await nextStatus(stream)).status.seq).toBe(seq)
  stream.stop()
})

test('whom nobody woke is woken by the sweep', async () => {
  const ann = await createAccount(app)
  const stream = statusesFollowed(ann, {}, other)
  await stream.next()
  const status = { kind: 'REPORT', reportId: ann.accountId, outcome: 'ACTIONED' } as const
  await app.postgres.transaction((sql) => app.services.enforcement.tell(sql, ann.accountId, status))
  expect(stream.waiting()).toEqual([])
  await app.idle()
  expect((await nextStatus(stream)).status).toMatchObject({ __typename: 'ReportStatus', outcome: 'ACTIONED' })
  stream.stop()
})

test('a shadow tells nothing: every answer is the same with it and without', async () => {
  const ann = await createAccount(app)
  const answers = async (who: TestAccount) => {
    const [me, list, restrictions] = await Promise.all([
      who.ask('{ me { displayName roles revokedAt } }'),
      who.ask(listDocument, {}),
      who.ask('{ myRestrictions { kind } myAppeals { edges { node { id } } } myReports { edges { node { id } } } }'),
    ])
    return JSON.stringify([me, list, restrictions].map(({ data, errors }) => ({ data, errors })))
  }
  const stream = statusesFollowed(ann)
  await stream.next()
  const before = await answers(ann)
  const id = await decide(ann, 'SHADOW')
  expect(await answers(ann)).toBe(before)
  await revertNow(app, app.services.enforcement, id)
  expect(await answers(ann)).toBe(before)
  await decide(ann, 'WARN')
  expect((await nextStatus(stream)).status).toMatchObject({ seq: 1, action: 'WARN' })
  stream.stop()
})

test('the list is the newest first, in pages, of one half only', async () => {
  const phone = await createPhone(app)
  const ann = await createAccount(app, { onDevice: phone })
  for (let count = 0; count < 5; count += 1) await decide(ann, 'WARN')
  const device = newDecision({ kind: 'DEVICE', id: phone.personId }, phone.personId, 'WARN')
  await decideNow(app, app.services.enforcement, device)
  interface Page {
    moderationStatuses: {
      edges: { cursor: string; node: Status }[]
      pageInfo: { hasNextPage: boolean; endCursor: string }
    }
  }
  const page = async (variables: object) =>
    (await ann.ask<Page>(listDocument, { ...variables })).data?.moderationStatuses
  const first = await page({ first: 3 })
  expect(first?.edges.map(({ node }) => node.seq)).toEqual([5, 4, 3])
  const second = await page({ first: 3, after: first?.pageInfo.endCursor })
  expect(second?.edges.map(({ node }) => node.seq)).toEqual([2, 1])
  expect(second?.pageInfo.hasNextPage).toBe(false)
  expect((await page({ device: true }))?.edges.map(({ node }) => node.seq)).toEqual([1])
  const stolen = await ann.ask(listDocument, { device: true, after: first?.pageInfo.endCursor })
  expect(codeOf(stolen)).toBe('BAD_USER_INPUT')
})

test('a cursor of somebody else is none, and nobody without a token is told anything', async () => {
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const stream = statusesFollowed(ann)
  const { cursor } = await stream.next()
  stream.stop()
  const { errors } = await statusesFollowed(ben, { after: cursor }).ended
  expect(errors?.[0]?.extensions?.['code']).toBe('BAD_USER_INPUT')
  const anonymous = await follow(app, streamDocument, {}).ended
  expect(anonymous.errors?.[0]?.extensions?.['code']).toBe('UNAUTHENTICATED')
})

const restrictDocument = `mutation ($input: CreateRestrictionInput!) { createRestriction(input: $input) { __typename
  ... on CreateRestrictionPayload { restriction { id } } } }`
const liftDocument = 'mutation ($input: RevokeRestrictionInput!) { revokeRestriction(input: $input) { __typename } }'

test('whom staff restricts without a decision is told, and told of its end; of a shadow neither, and what it hid is shown', async () => {
  const [ann, ben, admin] = [await createAccount(app), await createAccount(app), await createStaff(app)]
  const group = await createGroup(ann, [ben])
  const stream = statusesFollowed(ann)
  await stream.next()
  const restrict = async (kind: string) => {
    const input = {
      clientId: newClientId(),
      accountId: globalId('Account', ann.accountId),
      kind,
      minutes: 10,
      reason: 'spam',
    }
    const answer = await ask<{ createRestriction: { restriction: { id: string } } }>(
      ...([
        app,
        restrictDocument,
        { input: { ...input, explanation: 'A short break.' } },
        { token: admin.token },
      ] as const),
    )
    return answer.data?.createRestriction?.restriction?.id
  }
  const lift = (restrictionId?: string) =>
    ask(app, liftDocument, { input: { restrictionId, reason: 'enough' } }, { token: admin.token })

  const mute = await restrict('MUTE')
  const told = { __typename: 'RestrictionStatus', restriction: 'MUTE', explanation: 'A short break.' }
  expect((await nextStatus(stream)).status).toMatchObject({ ...told, seq: 1, revoked: false })
  await lift(mute)
  expect((await nextStatus(stream)).status).toMatchObject({ ...told, seq: 2, revoked: true })

  const shadow = await restrict('SHADOW')
  await send(ann, group, 'can you hear me?')
  expect(await bodiesOf(ben, group)).toEqual([])
  expect(await bodiesOf(ann, group)).toEqual(['can you hear me?'])
  await lift(shadow)
  await app.idle()
  expect(await bodiesOf(ben, group)).toEqual(['can you hear me?'])

  const decided = await decide(ann, 'SHADOW')
  await send(ann, group, 'and now?')
  expect(await bodiesOf(ben, group)).toEqual(['can you hear me?'])
  await revertNow(app, app.services.enforcement, decided)
  expect(await bodiesOf(ben, group)).toEqual(['can you hear me?', 'and now?'])
  await decide(ann, 'WARN')
  expect((await nextStatus(stream)).status).toMatchObject({ seq: 3, action: 'WARN' })
  stream.stop()
})
