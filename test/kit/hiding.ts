import type { RestrictionKind, Surface } from '../../src/modules/gate/index.ts'
import { createId } from '../../src/platform/ids.ts'
import type { TestAccount } from './accounts.ts'
import type { TestApp } from './app.ts'
import type { Stream } from './socket.ts'
import { type ChangeNode, changeFields } from './sync-model.ts'

/** Restricts an account from this moment on; answers the restriction, which is the cause of what it hides. */
export async function restrict(
  app: TestApp,
  { accountId }: Pick<TestAccount, 'accountId'>,
  kind: RestrictionKind,
  more: { surface?: Surface | null; minutes?: number | null } = {},
): Promise<string> {
  const { restrictions, refresh } = app.services.gate
  const id = createId(app.clock.now())
  await app.postgres.transaction((sql) =>
    restrictions.impose(sql, {
      ...{ id, personId: accountId, kind, surface: null, minutes: null, ...more },
      ...{ reason: 'test', explanation: 'Take a break.', authorId: null, decisionId: null },
    }),
  )
  await refresh(accountId)
  return id
}

export async function lift(app: TestApp, { accountId }: Pick<TestAccount, 'accountId'>, id: string): Promise<void> {
  const { restrictions, refresh } = app.services.gate
  await app.postgres.transaction((sql) => restrictions.revoke(sql, { id, by: null }))
  await refresh(accountId)
}

/** The id behind a global one. */
export const rawId = (globalId: string): string =>
  Buffer.from(globalId, 'base64').toString().split(':').slice(1).join(':')

export type ToldEvent = { __typename: string; cursor: string; change?: ChangeNode }

const selection = `__typename ... on Ready { cursor } ... on ResyncRequired { cursor }
  ... on ConversationChanged { cursor change { ${changeFields} } }`
const eventsDocument = `subscription ($id: ID!, $after: Cursor) { conversationEvents(conversationId: $id, after: $after) { ${selection} } }`
const inboxDocument = `subscription ($after: Cursor) { inbox(after: $after) { ${selection} } }`

/** The stream of a conversation, or without an id the inbox; at its beginning it is ready. */
export async function listen(
  who: TestAccount,
  { id, after, on }: { id?: string; after?: string; on?: TestApp } = {},
): Promise<{ stream: Stream<ToldEvent>; cursor: string }> {
  const asked = { ...(id && { id }), ...(after && { after }) }
  const stream = who.follow<ToldEvent>(id ? eventsDocument : inboxDocument, asked, on)
  return { stream, cursor: (await stream.next()).cursor }
}

/** What a stream tells of a conversation up to a position. */
export async function changesUpTo(
  stream: Stream<ToldEvent>,
  conversationId: string,
  seq: number,
): Promise<ChangeNode[]> {
  const changes: ChangeNode[] = []
  while ((changes.at(-1)?.seq ?? 0) < seq) {
    const { change } = await stream.next()
    if (change?.conversationId === conversationId) changes.push(change)
  }
  return changes
}
