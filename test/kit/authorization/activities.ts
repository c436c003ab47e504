import { act, start } from '../activities.ts'
import { createPhone, newClientId, type Phone } from '../phones.ts'
import { follow } from '../socket.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Gathering extends Scene {
  id: string
  host: Phone
  member: Phone
  exMember: Phone
  /** What the member is called there. */
  attendeeId: string
  /** Of the host's stream. */
  cursor: string
}

const never = globalId('Activity', neverId)
const nothing = { nobody: 'UNAUTHENTICATED', account: 'FORBIDDEN', MODERATOR: 'FORBIDDEN', ADMIN: 'FORBIDDEN' }

/** A mutation that names an activity; `gets` has who may see it and not do it, and who may. */
function change(name: string, more: () => object, gets: Row['gets']): Row<Gathering> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
  return {
    of: `Mutation.${name}(input.activityId)`,
    query: `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`,
    variables: ({ id }) => ({ input: { activityId: id, ...more() } }),
    never: () => ({ input: { activityId: never, ...more() } }),
    seenBy: ['device', 'stranger', 'exMember', 'member', 'owner'],
    gets: { ...nothing, blocked: 'NOT_FOUND', ...gets },
  }
}

/** Whoever was there may keep whom they met away, also when they may not look in any more; nobody themselves. */
const met = { blocked: 'BlockPayload', owner: 'BlockPayload', member: 'BAD_USER_INPUT' }

const blockDocument = 'mutation ($input: BlockInput!) { block(input: $input) { __typename } }'
const eventsDocument = `subscription ($id: ID!, $after: Cursor) { activityEvents(id: $id, after: $after) { __typename
  ... on Ready { cursor } ... on ActivityMessageSent { cursor message { body } } } }`

const attendeesOf = async (phone: Phone, id: string) =>
  (
    await phone.ask<{ activity: { attendees: { edges: { node: { id: string; displayName: string | null } }[] } } }>(
      'query ($id: ID!) { activity(id: $id) { attendees { edges { node { id displayName } } } } }',
      { id },
    )
  ).data?.activity.attendees.edges.map(({ node }) => node) ?? []

const say = ({ host, id }: Gathering) =>
  host.ask('mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename } }', {
    input: { activityId: id, clientId: newClientId(), body: 'hello' },
  })

export const activities = subject<Gathering>({
  name: 'an activity',
  async set(app, around) {
    const [host, member, exMember, blocked, stranger] = await Promise.all(
      Array.from({ length: 5 }, () => createPhone(app)),
    )
    if (!host || !member || !exMember || !blocked || !stranger) throw new Error('There is nobody.')
    const { id } = await start(host)
    for (const [phone, displayName] of [
      [member, 'Member'],
      [exMember, 'Ex'],
      [blocked, 'Blocked'],
    ] as const)
      await act(phone, 'joinActivity', { activityId: id, displayName })
    const named = await attendeesOf(host, id)
    const idOf = (name: string) => named.find(({ displayName }) => displayName === name)?.id ?? ''
    await act(exMember, 'leaveActivity', { activityId: id })
    await host.ask(blockDocument, { input: { attendee: { activityId: id, attendeeId: idOf('Blocked') } } })
    const stream = follow<{ cursor: string }>(app, eventsDocument, { token: host.token, variables: { id } })
    const { cursor } = await stream.next()
    stream.stop()
    const tokens = {
      ...around,
      ...{ owner: host.token, member: member.token, exMember: exMember.token },
      ...{ blocked: blocked.token, stranger: stranger.token },
    }
    return { tokens, id, host, member, exMember, attendeeId: idOf('Member'), cursor }
  },
  rows: [
    {
      of: 'Query.activity(id)',
      query: 'query ($id: ID!) { activity(id: $id) { id title } }',
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { ...nothing, blocked: 'null', others: 'given' },
    },
    change('cancelActivity', () => ({}), { owner: 'CancelActivityPayload', others: 'FORBIDDEN' }),
    change('updateActivity', () => ({ title: 'Go' }), { owner: 'UpdateActivityPayload', others: 'FORBIDDEN' }),
    {
      ...change('flagActivity', () => ({ reason: 'SPAM' }), { owner: 'BAD_USER_INPUT', others: 'FlagActivityPayload' }),
      // Three flags would hide it.
      fresh: true,
    },
    change('joinActivity', () => ({}), { others: 'JoinActivityPayload' }),
    change('leaveActivity', () => ({}), { owner: 'HostCannotLeaveError', others: 'LeaveActivityPayload' }),
    change('sendActivityMessage', () => ({ clientId: newClientId(), body: 'hello' }), {
      ...{ owner: 'SendActivityMessagePayload', member: 'SendActivityMessagePayload' },
      others: 'NotMemberError',
    }),
    change('signalActivity', () => ({ typing: true }), {
      ...{ owner: 'SignalActivityPayload', member: 'SignalActivityPayload' },
      others: 'NotMemberError',
    }),
    {
      of: 'Mutation.block(input.attendee.activityId)',
      query: blockDocument,
      variables: ({ id, attendeeId }) => ({ input: { attendee: { activityId: id, attendeeId } } }),
      never: ({ attendeeId }) => ({ input: { attendee: { activityId: never, attendeeId } } }),
      seenBy: ['member'],
      gets: { ...nothing, ...met, others: 'NOT_FOUND' },
    },
    {
      of: 'Mutation.block(input.attendee.attendeeId)',
      query: blockDocument,
      variables: ({ id, attendeeId }) => ({ input: { attendee: { activityId: id, attendeeId } } }),
      never: ({ id }) => ({ input: { attendee: { activityId: id, attendeeId: 'A'.repeat(22) } } }),
      seenBy: ['member'],
      gets: { ...nothing, ...met, others: 'NOT_FOUND' },
    },
    {
      of: 'Subscription.activityEvents(id)',
      query: eventsDocument,
      variables: ({ id }) => ({ id }),
      never: () => ({ id: never }),
      gets: { ...nothing, blocked: 'NOT_FOUND', others: 'Ready' },
    },
    {
      of: 'Subscription.activityEvents(after)',
      query: eventsDocument,
      // The log is one for all, and each is told of it what is theirs.
      variables: ({ id, cursor }) => ({ id, after: cursor }),
      gets: { ...nothing, blocked: 'NOT_FOUND', others: 'Ready' },
    },
  ],
  losses: [
    {
      ...{
        of: 'Subscription.activityEvents(id)',
        how: 'whoever leaves is told nothing of what is said',
        who: 'member',
      },
      query: eventsDocument,
      variables: ({ id }) => ({ id }),
      happen: say,
      tells: ({ __typename }) => __typename === 'ActivityMessageSent',
      lose: ({ member, id }) => act(member, 'leaveActivity', { activityId: id }),
      after: 'silent',
    },
    {
      ...{ of: 'Subscription.activityEvents(id)', how: 'the host blocks a member', who: 'member' },
      query: eventsDocument,
      variables: ({ id }) => ({ id }),
      happen: say,
      tells: ({ __typename }) => __typename === 'ActivityMessageSent',
      lose: ({ host, id, attendeeId }) =>
        host.ask(blockDocument, { input: { attendee: { activityId: id, attendeeId } } }),
      after: 'ends',
    },
  ],
})
