import { createHmac } from 'node:crypto'
import { BadUserInputError, ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { checkedText } from '../../platform/text.ts'
import type { ConversationKind, ConversationRole } from './entries.ts'

export const mostMembers = 256
/** Different emoji of one person on one message. */
export const mostOwnReactions = 10

/** The text of a message as it is kept. Refuses what is out of 1 to 2,000 characters, by `checkedText`. */
export const checkedBody = (body: string) => checkedText(body, { min: 1, max: 2000, field: 'body', lines: true })

export const checkedName = (name: string) => checkedText(name, { min: 1, max: 80, field: 'name' })

/** Where a message is: its conversation, and its position there. */
export interface MessagePlace {
  conversationId: string
  seq: number
}

const messageIdShape = /^([0-9a-f-]{36}):([1-9][0-9]{0,9})$/

export const messageId = ({ conversationId, seq }: MessagePlace) => `${conversationId}:${seq}`

/** What the id of a message names; undefined for what is none. */
export function messagePlace(id: string): MessagePlace | undefined {
  const [, conversationId = '', digits = ''] = messageIdShape.exec(id) ?? []
  const seq = Number(digits)
  return isId(conversationId) && seq < 2 ** 31 ? { conversationId, seq } : undefined
}

/** The position of a message that has to be in this conversation; refuses others with NOT_FOUND. */
export function seqWithin(conversationId: string, id: string): number {
  const place = messagePlace(id)
  if (place?.conversationId !== conversationId) throw new NotFoundError()
  return place.seq
}

/** There is one direct conversation for each pair, whoever asks first. */
export const directKey = (oneId: string, otherId: string) => [oneId, otherId].sort().join(':')

const fingerprintBytes = 16

/** Tells what was asked for apart without keeping it: under a key, since texts are short enough to be tried out. */
export const fingerprint = (key: Buffer, asked: unknown): Buffer =>
  createHmac('sha256', key).update(JSON.stringify(asked)).digest().subarray(0, fingerprintBytes)

/** Names an attempt that brings no client id: the same thing tried again is the same attempt. */
export const attemptOf = (key: Buffer, name: string, asked: unknown): string =>
  `${name}:${fingerprint(key, asked).toString('hex')}`

/** What a direct conversation does not have: a name, roles, and people who come and go. */
export function checkGroup(kind: ConversationKind): void {
  if (kind !== 'GROUP') throw new BadUserInputError('This is a direct conversation.', 'conversationId')
}

/** Those who run a group: they name it, and decide who is in it and what stays there. */
export const runs = (role: ConversationRole) => role === 'OWNER' || role === 'ADMIN'

export function checkRuns(role: ConversationRole): void {
  if (!runs(role)) throw new ForbiddenError()
}

/**
 * Who takes over from an owner: the administrator who is there longest, or else the member who is; those who do not know that they are in
 * it only if there is nobody else. `others` come in order of joining.
 */
export function heirAmong<Member extends { role: ConversationRole; hiddenBy: string | null }>(
  others: readonly Member[],
): Member | undefined {
  const knowing = others.filter(({ hiddenBy }) => hiddenBy === null)
  return knowing.find(({ role }) => role === 'ADMIN') ?? knowing[0] ?? others[0]
}

/** Positions as runs: what lies between two of them and is in `others` parts them. Both come in ascending order. */
export function rangesOf(seqs: readonly number[], others: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = []
  let next = 0
  for (const seq of seqs) {
    const last = ranges.at(-1)
    while ((others[next] ?? seq) < (last?.to ?? 0)) next += 1
    const parted = (others[next] ?? Number.POSITIVE_INFINITY) < seq
    if (last && !parted) last.to = seq
    else ranges.push({ from: seq, to: seq })
  }
  return ranges
}
