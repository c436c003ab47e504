/** One operation over HTTP, with a token: answers `data`, or throws. */
export type Ask = <Data>(query: string, variables: Record<string, unknown>) => Promise<Data>

export interface Change {
  __typename: string
  conversationId: string
  seq: number
  [field: string]: unknown
}

/** What an app keeps: each call is one transaction of its own. */
export interface Kept {
  since(): Promise<string | undefined>
  keepSince(since: string): Promise<void>
  /** Up to where it has everything of a conversation; undefined if it does not know it. */
  upTo(conversationId: string): Promise<number | undefined>
  /** Applies changes and moves the end up to `upToSeq`, both or neither. Drops what is before `firstSeq`. */
  apply(conversationId: string, changes: Change[], upToSeq: number, firstSeq: number): Promise<void>
  /** Loads `conversation(id:)` with its members. */
  meet(conversationId: string): Promise<void>
  forget(conversationId: string): Promise<void>
}

interface Missed {
  syncChanges: {
    conversations: { conversationId: string; changes: Change[]; upToSeq: number; hasMore: boolean; firstSeq: number }[]
    changed: { conversationId: string; latestSeq: number }[]
    left: string[]
    hasMoreChanged: boolean
    since: string
  }
}

const message =
  'message { id seq clientId body sentAt editedAt deletedAt sender { id } reactions { emoji profileIds } }'
const query = `query ($after: [SyncPositionInput!], $since: Cursor) { syncChanges(after: $after, since: $since) {
  changed { conversationId latestSeq } left hasMoreChanged since profiles { id displayName }
  conversations { conversationId upToSeq hasMore firstSeq changes { __typename conversationId seq
    ... on MessageSent { ${message} } ... on MessageEdited { ${message} } ... on MessageDeleted { ${message} }
    ... on ReactionChanged { ${message} } ... on MessagesErased { ranges { from to } }
    ... on MessageHidden { messageId messageSeq } ... on MessageShown { ${message} }
    ... on MessagesRead { profile { id } upToSeq } ... on MessagesDelivered { profile { id } upToSeq }
    ... on MemberChanged { profile { id } change role } ... on ConversationRenamed { name } } } } }`

/** Brings what is kept up to date. Safe to break off anywhere, and to repeat. */
export async function catchUp(ask: Ask, kept: Kept): Promise<void> {
  for (let more = true; more; ) {
    const { syncChanges: news } = await ask<Missed>(query, { since: await kept.since() })
    for (const id of news.left) await kept.forget(id)
    for (const { conversationId, latestSeq } of news.changed) {
      if ((await kept.upTo(conversationId)) === undefined) await kept.meet(conversationId)
      if (((await kept.upTo(conversationId)) ?? 0) < latestSeq) await pull(ask, kept, conversationId)
    }
    // Last: whoever is broken off before begins this round again.
    await kept.keepSince(news.since)
    more = news.hasMoreChanged
  }
}

/** One conversation. An app asks for up to a hundred at once. */
async function pull(ask: Ask, kept: Kept, conversationId: string): Promise<void> {
  for (let more = true; more; ) {
    const after = [{ conversationId, seq: (await kept.upTo(conversationId)) ?? 0 }]
    const { syncChanges } = await ask<Missed>(query, { after, since: await kept.since() })
    const [found] = syncChanges.conversations
    if (!found) return kept.forget(conversationId)
    await kept.apply(conversationId, found.changes, found.upToSeq, found.firstSeq)
    more = found.hasMore
  }
}
