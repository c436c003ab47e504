import { createHash } from 'node:crypto'
import { BadUserInputError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'

/** A place in a ranked list: the score and id of its last entry, and when the list was ranked. */
export interface RankPlace {
  score: number
  id: string
  rankedAtMs: number
}

const rankShape = /^([0-9A-Za-z_-]{8})\.([0-9a-f]{16})\.(0|[1-9][0-9]{0,14})\.([0-9a-f-]{36})$/
const timeShape = /^([0-9A-Za-z_-]{8})\.((?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,12})?)$/

/** `list` is the name of the list with everything it was asked with: a cursor fits no other one. */
export function rankCursor(list: string, { score, id, rankedAtMs }: RankPlace): string {
  const exact = Buffer.alloc(8)
  exact.writeDoubleBE(score)
  return Buffer.from(`${fingerprint(list)}.${exact.toString('hex')}.${rankedAtMs}.${id}`).toString('base64url')
}

/** Refuses with BAD_USER_INPUT what is no cursor of this very list. */
export function rankPlace(list: string, cursor: string): RankPlace {
  const [, score = '', rankedAt = '', id = ''] = parts(list, cursor, rankShape)
  const place = { score: Buffer.from(score, 'hex').readDoubleBE(), id, rankedAtMs: Number(rankedAt) }
  if (!isId(id) || !Number.isFinite(place.score)) throw noCursor()
  return place
}

/** A place in a list by times that are never twice the same. */
export function timeCursor(list: string, atMs: number): string {
  return Buffer.from(`${fingerprint(list)}.${atMs}`).toString('base64url')
}

/** Refuses with BAD_USER_INPUT what is no cursor of this very list. */
export function timePlace(list: string, cursor: string, field = 'after'): number {
  return Number(parts(list, cursor, timeShape, field)[1])
}

function parts(list: string, cursor: string, shape: RegExp, field?: string): string[] {
  const found = cursor.length <= 128 ? shape.exec(Buffer.from(cursor, 'base64url').toString('latin1')) : null
  const [, name, ...rest] = found ?? []
  if (name !== fingerprint(list)) throw noCursor(field)
  return [name, ...rest]
}

const noCursor = (field = 'after') => new BadUserInputError('This is not a cursor of this list.', field)

const fingerprint = (list: string) => createHash('sha256').update(list).digest('base64url').slice(0, 8)
