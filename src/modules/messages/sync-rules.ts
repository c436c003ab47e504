import { BadUserInputError } from '../../platform/errors.ts'

export const syncLimits = {
  /** Conversations of a bootstrap's page, and messages of each. */
  page: 50,
  messages: 50,
  /** Members of a page's conversations, all in all. */
  members: 1000,
  /** Positions at once, changes of each, and changes of all of them. */
  positions: 100,
  changes: 100,
  allChanges: 500,
  changed: 500,
} as const

/** A transaction that takes longer than this from its clock to its commit is ended by the database. */
export const overlapMs = 15_000

/**
 * Gives out `budget` so that nobody starves: whoever wants little gets it all, and the others share the rest evenly. In the order asked
 * for.
 */
export function shares(wanted: readonly number[], budget: number): number[] {
  const given = wanted.map(() => 0)
  const byNeed = wanted.map((_, i) => i).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0))
  let [left, waiting] = [budget, byNeed.length]
  for (const i of byNeed) {
    const share = Math.min(wanted[i] ?? 0, Math.ceil(left / waiting))
    given[i] = share
    left -= share
    waiting -= 1
  }
  return given
}

/** So many of the conversations as have together at most so many members, and one in any case. */
export function pageOf<Row extends { conversationId: string }>(
  rows: readonly Row[],
  members: readonly { conversationId: string }[],
  most: number,
): Row[] {
  const sizes = new Map<string, number>()
  for (const { conversationId } of members) sizes.set(conversationId, (sizes.get(conversationId) ?? 0) + 1)
  let sum = 0
  const tooMany = rows.findIndex(({ conversationId }, i) => {
    sum += sizes.get(conversationId) ?? 0
    return i > 0 && sum > most
  })
  return tooMany === -1 ? [...rows] : rows.slice(0, tooMany)
}

/** Refuses with BAD_USER_INPUT what is no size of a page. */
export function checkSize(field: string, size: number, most: number): void {
  if (size < 1 || size > most) throw new BadUserInputError(`\`${field}\` is 1 to ${most}.`, field)
}
