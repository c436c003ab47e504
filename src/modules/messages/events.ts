import { z } from 'zod'
import { type DurableSource, durableTopic, ephemeralTopic } from '../../platform/delivery/topics.ts'
import type { EntryPointer, MemberChangeKind } from './entries.ts'

const dayMs = 24 * 60 * 60 * 1000

const entryKinds = [
  ...(['CREATED', 'MESSAGE', 'EDITED', 'DELETED', 'REACTION'] as const),
  ...(['READ', 'DELIVERED', 'MEMBER', 'RENAMED', 'ERASED', 'HIDDEN', 'SHOWN'] as const),
] as const satisfies EntryPointer['kind'][]
const memberChanges = ['ADDED', 'LEFT', 'REMOVED', 'ROLE'] as const satisfies MemberChangeKind[]

const pointerSchema = z.object({
  conversationId: z.string(),
  seq: z.number(),
  kind: z.enum(entryKinds),
  actorId: z.string().nullable(),
  targetSeq: z.number().nullable(),
  /** Who sees the conversation otherwise from here on. */
  apartId: z.string().nullish(),
  /** Of MEMBER entries: whom it is about, and what became of them. It decides whose streams end. */
  member: z.object({ accountId: z.string().nullable(), change: z.enum(memberChanges) }).optional(),
})

/** Only ever a signal. */
const typingSchema = z.object({
  conversationId: z.string(),
  kind: z.literal('TYPING'),
  accountId: z.string(),
  typing: z.boolean(),
})

/** Something that has happened in a conversation, and where: what it says is read when it is delivered, as it is then. */
export type PublishedPointer = z.infer<typeof pointerSchema>
export type ConversationEventPayload = PublishedPointer | z.infer<typeof typingSchema>

/** One conversation. Its entries in Postgres are the log. */
export const conversationTopic = (log: DurableSource) =>
  durableTopic<ConversationEventPayload>({ name: 'conversation', log, payload: z.union([pointerSchema, typingSchema]) })

/** Nobody is named in what lies in inboxes: who is erased need not be looked for there. */
const inboxPointerSchema = pointerSchema.pick({ conversationId: true, seq: true, kind: true })
export type InboxPointer = z.infer<typeof inboxPointerSchema>
export type InboxEventPayload = InboxPointer | z.infer<typeof typingSchema>

export const inboxPointerOf = ({ conversationId, seq, kind }: PublishedPointer): InboxPointer => ({
  conversationId,
  seq,
  kind,
})

const shards = 64

/** Everything of one account, in one stream. Appended by `inbox.lua.ts`; the inboxes of a shard share a slot. */
export const inboxTopic = ephemeralTopic<InboxEventPayload>({
  name: 'inbox',
  slot: (accountId) => `inbox-${Number.parseInt(accountId.slice(-2), 16) % shards}`,
  maxLength: 1000,
  windowMs: dayMs,
  payload: z.union([inboxPointerSchema, typingSchema]),
})
