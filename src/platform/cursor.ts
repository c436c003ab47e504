import { createHash } from 'node:crypto'
import { BadUserInputError } from './errors.ts'

/** Where a reader stands in a topic: after event `seq` of the life `epoch` of its log. */
export interface Position {
  epoch: string
  seq: number
}

const shape = /^([0-9A-Za-z_-]{8})\.([0-9a-f]{16})\.(0|[1-9][0-9]{0,14})$/

/** A cursor names its topic by a hash, so that it says nothing of whose stream it is and fits no other stream. */
export function encodeCursor(topicKey: string, { epoch, seq }: Position): string {
  return Buffer.from(`${fingerprint(topicKey)}.${epoch}.${seq}`).toString('base64url')
}

/** Refuses with BAD_USER_INPUT whatever is not a cursor of this very topic. */
export function decodeCursor(topicKey: string, cursor: string): Position {
  const parts = cursor.length <= 64 ? shape.exec(Buffer.from(cursor, 'base64url').toString('latin1')) : null
  const [, topic, epoch, seq] = parts ?? []
  if (epoch === undefined || seq === undefined || topic !== fingerprint(topicKey)) {
    throw new BadUserInputError('This is not a cursor of this stream.', 'after')
  }
  return { epoch, seq: Number(seq) }
}

function fingerprint(topicKey: string): string {
  return createHash('sha256').update(topicKey).digest('base64url').slice(0, 8)
}
