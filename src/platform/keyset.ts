import { createHash } from 'node:crypto'
import { BadUserInputError } from './errors.ts'
import { isId } from './ids.ts'

/** One page of a list, as a connection asks for it. `inverted`: from its end, so the rows come in the opposite order. */
export interface PageRequest {
  after?: string | undefined
  before?: string | undefined
  limit: number
  inverted: boolean
}

/** A row with the cursor that names its place in the list. */
export interface Listed<Item> {
  item: Item
  cursor: string
}

/** A place in a list that is sorted by a whole number, then by id. */
export interface KeysetPlace {
  key: number
  id: string
}

/** The rows between two places, both excluded, in one of the two orders. */
export interface KeysetRange {
  from: KeysetPlace | undefined
  to: KeysetPlace | undefined
  order: 'asc' | 'desc'
  limit: number
}

const shape = /^([0-9A-Za-z_-]{8})\.(0|[1-9][0-9]{0,13})\.([0-9a-f-]{36})$/

/** `list` is the name of the list with everything it was asked with: a cursor fits no other one. */
export function keysetCursor(list: string, { key, id }: KeysetPlace): string {
  return Buffer.from(`${fingerprint(list)}.${key}.${id}`).toString('base64url')
}

/** What to read for a page. Refuses with BAD_USER_INPUT cursors that are not of this very list. */
export function keysetRange(list: string, page: PageRequest, order: 'asc' | 'desc'): KeysetRange {
  const [after, before] = [placeOf(list, page.after, 'after'), placeOf(list, page.before, 'before')]
  const [from, to] = order === 'asc' ? [after, before] : [before, after]
  const opposite = order === 'asc' ? 'desc' : 'asc'
  return { from, to, order: page.inverted ? opposite : order, limit: page.limit }
}

function placeOf(list: string, cursor: string | undefined, field: string): KeysetPlace | undefined {
  if (cursor === undefined) return undefined
  const parts = cursor.length <= 128 ? shape.exec(Buffer.from(cursor, 'base64url').toString('latin1')) : null
  const [, name, key, id] = parts ?? []
  if (key === undefined || id === undefined || !isId(id) || name !== fingerprint(list))
    throw new BadUserInputError('This is not a cursor of this list.', field)
  return { key: Number(key), id }
}

function fingerprint(list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, 8)
}
