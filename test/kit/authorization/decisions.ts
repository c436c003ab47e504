import { createAccount } from '../accounts.ts'
import type { TestApp } from '../app.ts'
import { createCase, decideNow, newDecision } from '../decisions.ts'
import { newClientId } from '../phones.ts'
import { follow } from '../socket.ts'
import { globalId, neverId, type Row, type Scene, subject } from './rows.ts'

interface Decided extends Scene {
  decisionId: string
  /** Of another decision, which is appealed. */
  appealId: string
  cursor: string
}

const statusDocument =
  'subscription ($after: Cursor) { myModerationStatus(after: $after) { __typename ... on Ready { cursor } } }'

const forStaff = (name: string): Row['gets'] => ({
  ...{ nobody: 'UNAUTHENTICATED', MODERATOR: name, ADMIN: name },
  others: 'FORBIDDEN',
})

async function warn(app: TestApp, accountId: string): Promise<string> {
  const named = { kind: 'ACCOUNT', id: accountId } as const
  const caseId = await createCase(app, named, accountId)
  return decideNow(app, app.services.enforcement, newDecision(named, accountId, 'WARN', { caseId }))
}

export const decisions = subject<Decided>({
  name: 'a decision and an appeal',
  async set(app, around) {
    const [owner, other, stranger] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    const [decisionId, appealed] = [await warn(app, owner.accountId), await warn(app, other.accountId)]
    const given = { clientId: newClientId(), decisionId: appealed, note: 'I see it otherwise.' }
    const { id } = await app.services.appeals.createAppeal([other.accountId], given)
    const stream = follow<{ cursor: string }>(app, statusDocument, { token: owner.token })
    const { cursor } = await stream.next()
    stream.stop()
    return {
      tokens: { ...around, owner: owner.token, stranger: stranger.token },
      ...{ decisionId: globalId('Decision', decisionId), appealId: globalId('Appeal', id), cursor },
    }
  },
  rows: [
    {
      of: 'Mutation.revertDecision(input.decisionId)',
      query: 'mutation ($input: RevertDecisionInput!) { revertDecision(input: $input) { __typename } }',
      variables: ({ decisionId }) => ({ input: { decisionId, reason: 'a mistake' } }),
      never: () => ({ input: { decisionId: globalId('Decision', neverId), reason: 'a mistake' } }),
      gets: forStaff('RevertDecisionPayload'),
      fresh: true,
    },
    {
      of: 'Mutation.createAppeal(input.decisionId)',
      query: 'mutation ($input: CreateAppealInput!) { createAppeal(input: $input) { __typename } }',
      variables: ({ decisionId }) => ({ input: { clientId: 'an-appeal', decisionId, note: 'I see it otherwise.' } }),
      never: () => ({
        input: { clientId: 'an-appeal', decisionId: globalId('Decision', neverId), note: 'I see it otherwise.' },
      }),
      gets: { nobody: 'UNAUTHENTICATED', owner: 'CreateAppealPayload', others: 'NOT_FOUND' },
    },
    {
      of: 'Mutation.resolveAppeal(input.appealId)',
      query: 'mutation ($input: ResolveAppealInput!) { resolveAppeal(input: $input) { __typename } }',
      variables: ({ appealId }) => ({ input: { appealId, outcome: 'REJECTED', answer: 'So it stays.' } }),
      never: () => ({
        input: { appealId: globalId('Appeal', neverId), outcome: 'REJECTED', answer: 'So it stays.' },
      }),
      gets: forStaff('ResolveAppealPayload'),
      fresh: true,
    },
    {
      of: 'Subscription.myModerationStatus(after)',
      query: statusDocument,
      variables: ({ cursor }) => ({ after: cursor }),
      gets: { nobody: 'UNAUTHENTICATED', owner: 'Ready', others: 'BAD_USER_INPUT' },
    },
  ],
})
