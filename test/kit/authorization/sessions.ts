import { beaconAt, createPhone, nudgesDocument } from '../phones.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Meeting extends Scene {
  sessionId: string
  matchId: string
  cursor: string
}

const never = globalId('Session', neverId)

/** What is for phones only. */
const phonesOnly = { nobody: 'UNAUTHENTICATED', account: 'FORBIDDEN', MODERATOR: 'FORBIDDEN', ADMIN: 'FORBIDDEN' }

function change(name: string, payload: string, others: string): Row<Meeting> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`
  return {
    of: `Mutation.${name}(input.sessionId)`,
    query: `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`,
    variables: ({ sessionId }) => ({ input: { sessionId } }),
    never: () => ({ input: { sessionId: never } }),
    gets: { ...phonesOnly, owner: payload, others },
  }
}

const blockDocument = 'mutation ($input: BlockInput!) { block(input: $input) { __typename } }'

/** The session of its owner, who has met the member; the ex-member's is over. */
export const sessions = subject<Meeting>({
  name: 'a session',
  async set(app, around) {
    const [owner, member, exMember] = [await createPhone(app), await createPhone(app), await createPhone(app)]
    const [blocked, stranger] = [await createPhone(app), await createPhone(app)]
    const [session, others] = [await owner.open(['jazz']), await member.open(['jazz'])]
    for (const phone of [exMember, blocked, stranger]) await phone.open(['ai'])
    await exMember.ask('mutation { closeSession(input: {}) { __typename } }')
    const at = new Date(app.clock.now())
    const stream = owner.nudges()
    const { cursor } = await stream.next()
    await member.report([beaconAt(session.beacons, at)], at)
    await owner.report([beaconAt(others.beacons, at)], at)
    const nudge = await stream.next()
    stream.stop()
    const tokens = {
      ...around,
      ...{ owner: owner.token, member: member.token, exMember: exMember.token },
      ...{ blocked: blocked.token, stranger: stranger.token },
    }
    const matchId = nudge.__typename === 'Nudge' ? nudge.matchId : ''
    return { tokens, sessionId: session.id, matchId, cursor }
  },
  rows: [
    change('extendSession', 'ExtendSessionPayload', 'NoOpenSessionError'),
    change('closeSession', 'CloseSessionPayload', 'NOT_FOUND'),
    {
      of: 'Mutation.block(input.matchId)',
      about: 'a match',
      query: blockDocument,
      variables: ({ matchId }) => ({ input: { matchId } }),
      never: () => ({ input: { matchId: 'a'.repeat(40) } }),
      gets: { ...phonesOnly, owner: 'BlockPayload', member: 'BlockPayload', others: 'NOT_FOUND' },
      // Whoever is blocked has no match any more.
      fresh: true,
    },
    {
      of: 'Subscription.nudges(after)',
      query: nudgesDocument,
      variables: ({ cursor }) => ({ after: cursor }),
      gets: { ...phonesOnly, owner: 'Ready', others: 'BAD_USER_INPUT' },
    },
  ],
})
