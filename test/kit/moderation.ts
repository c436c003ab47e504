import { createId } from '../../src/platform/ids.ts'
import type { TestApp } from './app.ts'
import { ask, codeOf } from './gql.ts'
import { newClientId } from './phones.ts'
import { follow } from './socket.ts'
import { createStaff } from './staff.ts'

type Server = Pick<TestApp, 'url' | 'wsUrl'>

export interface CaseNode {
  id: string
  subject: { kind: string; id: string }
  state: string
  severity: number
  round: number
  reportCount: number
  reasons: string[]
  claimedBy: { username: string } | null
  assignee: { username: string } | null
  claimExpiresAt: string | null
  escalationLevel: number
  appealOpen: boolean
  overdue: boolean
}

/** How a mutation of moderation is answered, whichever way. */
export interface CaseOutcome {
  __typename: string
  code?: string
  case?: CaseNode
  report?: { id: string; state: string }
  conflictingId?: string
  limit?: number
  state?: string
  claimedBy?: { username: string } | null
  results?: { caseId: string; case: CaseNode | null; error: { code: string } | null }[]
  csv?: string
  rows?: number
  hasNextPage?: boolean
  endCursor?: string | null
  campusIds?: string[]
}

export const caseFields = `id subject { kind id } state severity round reportCount reasons claimedBy { username }
  assignee { username } claimExpiresAt escalationLevel appealOpen overdue`

const payloads: Record<string, string> = {
  createReport: 'report { id state reason note }',
  bulkResolveCases: 'results { caseId case { id state } error { code } }',
  exportCases: 'csv rows hasNextPage endCursor',
  setModeratorCampuses: 'campusIds',
}
const errors: Record<string, string> = {
  createReport: '... on DuplicateReportError { conflictingId } ... on ReportLimitError { limit }',
  claimCase: '... on CaseClaimedError { claimedBy { username } } ... on CaseStateError { state }',
  resolveCase: '... on CaseClaimedError { claimedBy { username } } ... on CaseStateError { state }',
}
const plain = ['exportCases', 'setModeratorCampuses']

export function moderationDocument(name: string): string {
  const type = name[0]?.toUpperCase() + name.slice(1)
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
    ... on ${type}Payload { ${payloads[name] ?? `case { ${caseFields} }`} } ${errors[name] ?? ''}
    ${plain.includes(name) ? '' : '... on Error { code }'} } }`
}

/** What a mutation comes to; what refused it by its code, at the top or as a type. */
export async function moderate(
  on: { url: string },
  token: string | undefined,
  name: string,
  input: object,
): Promise<CaseOutcome> {
  const answer = await ask<Record<string, CaseOutcome | null>>(on, moderationDocument(name), { input }, { token })
  return answer.data?.[name] ?? { __typename: 'errors', code: String(codeOf(answer)) }
}

export const reportInput = (subjectId: string, more: object = {}) => ({
  ...{ clientId: newClientId(), subjectId, reason: 'SPAM' },
  ...more,
})

export const queueDocument = `subscription ($filter: CaseFilter, $after: Cursor) { moderationQueue(filter: $filter, after: $after) { __typename
  ... on Ready { cursor } ... on ResyncRequired { reason } ... on CaseChanged { cursor change case { ${caseFields} } } } }`

export interface QueueEvent {
  __typename: string
  cursor: string
  change: string
  case: CaseNode
}

/** Somebody who handles cases. */
export async function createModerator(app: TestApp, role: 'MODERATOR' | 'ADMIN' = 'MODERATOR') {
  const { id, username, token } = await createStaff(app, role)
  const held = { token }
  const globalId = Buffer.from(`Account:${id}`).toString('base64')
  return {
    ...{ id, username, globalId, staff: { accountId: id, isAdmin: role === 'ADMIN' } },
    get token() {
      return held.token
    },
    /** A token that counts now, however far the clock was moved. */
    async renew() {
      held.token = await app.services.identity.mintAccountToken(username)
    },
    act: (name: string, input: object, on: Server = app) => moderate(on, held.token, name, input),
    ask: <Data>(query: string, variables: object = {}, on: Server = app) =>
      ask<Data>(on, query, variables as Record<string, unknown>, { token: held.token }),
    queue: (variables: { filter?: object; after?: string } = {}, on: Server = app) =>
      follow<QueueEvent>(on, queueDocument, { token: held.token, variables }),
    async cases(variables: object = {}, on: Server = app): Promise<CaseNode[]> {
      const query = `query ($filter: CaseFilter, $orderBy: CaseOrder, $first: Int, $after: String) {
        cases(filter: $filter, orderBy: $orderBy, first: $first, after: $after) { edges { node { ${caseFields} } } } }`
      type Data = { cases: { edges: { node: CaseNode }[] } }
      const answer = await ask<Data>(on, query, variables as Record<string, unknown>, { token: held.token })
      if (!answer.data?.cases) throw new Error(JSON.stringify(answer))
      return answer.data.cases.edges.map(({ node }) => node)
    },
  }
}

export type Moderator = Awaited<ReturnType<typeof createModerator>>

export const caseGlobalId = (id: string) => Buffer.from(`ModerationCase:${id}`).toString('base64')

/** A case about something that nobody has, as a policy opens it. */
export async function openCase(
  app: TestApp,
  more: { severity?: number; ownerId?: string | null; id?: string; reasons?: string[]; texts?: string[] } = {},
): Promise<string> {
  const { severity = 1, ownerId = null, id = createId(app.clock.now()), reasons = ['links'], texts = [] } = more
  const notice = { subject: { kind: 'VENUE' as const, id }, ownerId, severity, reasons, texts }
  return app.services.moderation.noticed(notice)
}
