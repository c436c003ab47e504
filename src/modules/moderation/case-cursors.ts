import { keysetCursor, keysetRange } from '../../platform/keyset.ts'
import { type CaseFilter, filterName, type Scope } from './case-filter.ts'
import type { ModerationCase } from './cases.ts'
import type { CaseOrder, CasePlace } from './list-store.ts'

export const listName = (scope: Scope, filter: CaseFilter, order: CaseOrder) =>
  `cases ${order} ${scope?.join() ?? 'all'} ${filterName(filter)}`

/** More than any time in milliseconds: a severity and a time are one number, sorted by the severity first, then backwards by the time. */
const span = 1e13

const keyOf = (order: CaseOrder, { severity, openedAt, dueAt }: Omit<CasePlace, 'id'>) => {
  if (order === 'SEVERITY') return (severity + 1) * span - openedAt.getTime()
  return (order === 'OPENED' ? openedAt : dueAt).getTime()
}

export const placeCursor = (list: string, order: CaseOrder, found: ModerationCase) =>
  keysetCursor(list, { key: keyOf(order, found), id: found.id })

/** Refuses with BAD_USER_INPUT what is no cursor of this very list. */
export function placeOf(
  list: string,
  order: CaseOrder,
  cursor: string | undefined,
  name: 'after' | 'before',
): CasePlace | undefined {
  const { from } = keysetRange(list, { [name]: cursor, limit: 1, inverted: false }, name === 'after' ? 'asc' : 'desc')
  if (!from) return undefined
  const { key, id } = from
  if (order !== 'SEVERITY') return { severity: 0, openedAt: new Date(key), dueAt: new Date(key), id }
  const severity = Math.ceil(key / span) - 1
  const at = new Date((severity + 1) * span - key)
  return { severity, openedAt: at, dueAt: at, id }
}
