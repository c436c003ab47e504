import { createId } from '../../../src/platform/ids.ts'
import { createAccount, type TestAccount } from '../accounts.ts'
import { start } from '../activities.ts'
import type { TestApp } from '../app.ts'
import { openDirect, send } from '../conversations.ts'
import { createModerator, openCase } from '../moderation.ts'
import { namesOf } from '../nearby.ts'
import { createPhone, newClientId } from '../phones.ts'
import { zurich } from '../places.ts'
import { follow } from '../socket.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Handled extends Scene {
  caseId: string
  accountId: string
  campusId: string
  cursor: string
}

const neverCase = globalId('ModerationCase', neverId)
const neverAccount = globalId('Account', neverId)
const neverCampus = globalId('Campus', neverId)
const refused = { nobody: 'UNAUTHENTICATED', others: 'FORBIDDEN' }
const staff = (outcome: string): Row['gets'] => ({ ...refused, MODERATOR: outcome, ADMIN: outcome })
const admin = (outcome: string): Row['gets'] => ({ ...refused, ADMIN: outcome })
const documentOf = (name: string) => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}`
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename } }`
}
const queueDocument = `subscription ($filter: CaseFilter, $after: Cursor) { moderationQueue(filter: $filter, after: $after) { __typename
  ... on Ready { cursor } } }`
const listDocument = 'query ($filter: CaseFilter) { cases(filter: $filter) { edges { node { id } } } }'

const change = (name: string, more: () => object = () => ({})): Row<Handled> => ({
  of: `Mutation.${name}(input.caseId)`,
  query: documentOf(name),
  variables: ({ caseId }) => ({ input: { caseId, ...more() } }),
  never: () => ({ input: { caseId: neverCase, ...more() } }),
  gets: staff(`${name[0]?.toUpperCase()}${name.slice(1)}Payload`),
  fresh: true,
})

const filters = [
  { name: 'assignee', of: ({ accountId }: Handled) => ({ assignee: accountId }) },
  { name: 'campusIds', of: ({ campusId }: Handled) => ({ campusIds: [campusId] }) },
]
const resolving = () => ({ clientId: newClientId(), dismiss: true })

export const cases = subject<Handled>({
  name: 'a case',
  async set(app, around) {
    const campus = createId(app.clock.now())
    const values = [campus, `campus-${campus}`, `${campus}.example`]
    await app.postgres.pool.query('insert into campuses values ($1, $2, 0, 0, $3)', values)
    const stream = follow<{ cursor: string }>(app, queueDocument, { token: around.MODERATOR })
    const { cursor } = await stream.next()
    stream.stop()
    const { globalId: accountId } = await createModerator(app)
    const caseId = globalId('ModerationCase', await openCase(app))
    return { tokens: around, caseId, accountId, campusId: globalId('Campus', campus), cursor }
  },
  rows: [
    {
      of: 'Query.case(id)',
      query: 'query ($id: ID!) { case(id: $id) { id } }',
      variables: ({ caseId }) => ({ id: caseId }),
      never: () => ({ id: neverCase }),
      gets: staff('given'),
    },
    ...filters.map(
      ({ name, of }): Row<Handled> => ({
        of: `Query.cases(filter.${name})`,
        query: listDocument,
        variables: (scene) => ({ filter: of(scene) }),
        gets: staff('given'),
      }),
    ),
    ...filters.map(
      ({ name, of }): Row<Handled> => ({
        of: `Subscription.moderationQueue(filter.${name})`,
        query: queueDocument,
        variables: (scene) => ({ filter: of(scene) }),
        gets: staff('Ready'),
      }),
    ),
    ...filters.map(
      ({ name, of }): Row<Handled> => ({
        of: `Mutation.exportCases(input.filter.${name})`,
        query: documentOf('exportCases'),
        variables: (scene) => ({ input: { filter: of(scene) } }),
        gets: admin('ExportCasesPayload'),
      }),
    ),
    {
      of: 'Subscription.moderationQueue(after)',
      query: queueDocument,
      variables: ({ cursor }) => ({ after: cursor }),
      gets: staff('Ready'),
    },
    change('claimCase'),
    change('releaseCase'),
    change('assignCase'),
    change('escalateCase', () => ({ note: '' })),
    change('resolveCase', resolving),
    {
      of: 'Mutation.assignCase(input.accountId)',
      query: documentOf('assignCase'),
      variables: ({ caseId, accountId }) => ({ input: { caseId, accountId } }),
      never: ({ caseId }) => ({ input: { caseId, accountId: neverAccount } }),
      gets: staff('AssignCasePayload'),
    },
    {
      of: 'Mutation.bulkResolveCases(input.caseIds)',
      query: documentOf('bulkResolveCases'),
      variables: ({ caseId }) => ({ input: { caseIds: [caseId], ...resolving() } }),
      never: () => ({ input: { caseIds: [neverCase], ...resolving() } }),
      gets: admin('BulkResolveCasesPayload'),
    },
    {
      of: 'Mutation.setModeratorCampuses(input.accountId)',
      query: documentOf('setModeratorCampuses'),
      variables: ({ accountId }) => ({ input: { accountId, campusIds: [] } }),
      never: () => ({ input: { accountId: neverAccount, campusIds: [] } }),
      gets: admin('SetModeratorCampusesPayload'),
    },
    {
      of: 'Mutation.setModeratorCampuses(input.campusIds)',
      query: documentOf('setModeratorCampuses'),
      variables: ({ accountId, campusId }) => ({ input: { accountId, campusIds: [campusId] } }),
      never: ({ accountId }) => ({ input: { accountId, campusIds: [neverCampus] } }),
      gets: admin('SetModeratorCampusesPayload'),
    },
  ],
})

interface Reported extends Scene {
  messageId: string
  activityId: string
  /** Of the host, for the member. */
  personId: string
  attendeeId: string
  matchId: string
}

const reporting = (more: object) => ({ input: { clientId: newClientId(), reason: 'OTHER', ...more } })
const byPhone = { nobody: 'UNAUTHENTICATED', account: 'FORBIDDEN', MODERATOR: 'FORBIDDEN', ADMIN: 'FORBIDDEN' }
const neverActivity = globalId('Activity', neverId)

async function direct(app: TestApp): Promise<{ owner: TestAccount; member: TestAccount; messageId: string }> {
  const [owner, member] = [await createAccount(app), await createAccount(app)]
  const { id } = (await send(owner, await openDirect(owner, member), 'hello')) as { id: string }
  return { owner, member, messageId: id }
}

const row = (of: string, variables: (scene: Reported) => object, never: object, gets: Row['gets']): Row<Reported> => ({
  of: `Mutation.createReport(input.${of})`,
  query: documentOf('createReport'),
  variables: (scene) => reporting(variables(scene)),
  never: () => reporting(never),
  seenBy: ['owner'],
  gets,
  fresh: true,
})

/** The owner said it; the member reads it. */
export const reportedMessages = subject<Reported>({
  name: 'a message to report',
  async set(app, around) {
    const { owner, member, messageId } = await direct(app)
    const tokens = { ...around, owner: owner.token, member: member.token }
    return { tokens, messageId, activityId: '', personId: '', attendeeId: '', matchId: '' }
  },
  rows: [
    row(
      'subjectId',
      ({ messageId }) => ({ subjectId: messageId }),
      { subjectId: globalId('Message', `${neverId}:1`) },
      {
        ...{ nobody: 'UNAUTHENTICATED', device: 'FORBIDDEN', owner: 'BAD_USER_INPUT', member: 'CreateReportPayload' },
        others: 'NOT_FOUND',
      },
    ),
  ],
})

/** The owner hosts it, and stands where the member does. */
export const reportedPeople = subject<Reported>({
  name: 'an activity and its host to report',
  async set(app, around) {
    const [owner, member] = [await createPhone(app), await createPhone(app)]
    for (const phone of [owner, member]) await phone.beat(zurich, new Date(app.clock.now()))
    const { id: activityId } = await start(owner)
    const { data } = await member.ask<{ activity: { host: { id: string } } }>(
      'query ($id: ID!) { activity(id: $id) { host { id } } }',
      { id: activityId },
    )
    const attendeeId = data?.activity.host.id ?? ''
    const [personId = ''] = namesOf(app, member, owner)
    const tokens = { ...around, owner: owner.token, member: member.token }
    return { tokens, messageId: '', activityId, personId, attendeeId, matchId: '' }
  },
  rows: [
    {
      ...row(
        'activityMessage.activityId',
        ({ activityId }) => ({ activityMessage: { activityId, seq: 1 } }),
        {
          activityMessage: { activityId: neverActivity, seq: 1 },
        },
        { ...byPhone, others: 'NOT_FOUND' },
      ),
    },
    row(
      'personId',
      ({ personId }) => ({ personId }),
      { personId: 'A'.repeat(22) },
      {
        ...{ ...byPhone, member: 'CreateReportPayload', others: 'NOT_FOUND' },
      },
    ),
    row(
      'matchId',
      () => ({ matchId: 'b'.repeat(40) }),
      { matchId: 'a'.repeat(40) },
      { ...byPhone, others: 'NOT_FOUND' },
    ),
    row(
      'attendee.activityId',
      ({ activityId, attendeeId }) => ({ attendee: { activityId, attendeeId } }),
      {
        attendee: { activityId: neverActivity, attendeeId: 'A'.repeat(22) },
      },
      { ...byPhone, others: 'NOT_FOUND' },
    ),
    row(
      'attendee.attendeeId',
      ({ activityId }) => ({ attendee: { activityId, attendeeId: 'B'.repeat(22) } }),
      {
        attendee: { activityId: neverActivity, attendeeId: 'A'.repeat(22) },
      },
      { ...byPhone, others: 'NOT_FOUND' },
    ),
  ],
})
