import type { Range } from '../store/storage.ts'

// Ids are global ids of the API, in base64 of one kind or another: '!' sorts before every character of them.
const separator = '!'
const after = '"'

const padded = (number: number) => String(number).padStart(10, '0')

export const messageKey = (conversationId: string, seq: number) => conversationId + separator + padded(seq)
export const memberKey = (conversationId: string, profileId: string) => conversationId + separator + profileId
export const jobKey = (job: { conversationId: string; order: number }) => messageKey(job.conversationId, job.order)

/** All members, messages or jobs of a conversation. */
export const within = (conversationId: string): Range => ({
  from: conversationId + separator,
  to: conversationId + after,
})

/** The messages of a conversation from one position to another, both included. */
export const between = (conversationId: string, from: number, to: number): Range => ({
  from: messageKey(conversationId, Math.max(0, from)),
  to: messageKey(conversationId, to + 1),
})
