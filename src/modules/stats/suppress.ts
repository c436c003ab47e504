/** Counts under this many people are not shown. */
export const suppressUnder = 10
/** What is shown is rounded to a multiple of this. */
export const roundTo = 5

export interface Cell {
  name: string
  count: number
}

export interface ShownCell {
  name: string
  /** Rounded to 5; null where showing it could speak of few people. */
  count: number | null
}

/** One count as it may be shown: null under k = 10, else rounded to 5. Zero is shown: it speaks of nobody. */
export function shown(count: number): number | null {
  if (count === 0) return 0
  return count < suppressUnder ? null : Math.round(count / roundTo) * roundTo
}

/**
 * Several counts of one breakdown. A cell that is hidden alone could be found from a total and the others, so the smallest of
 * the others is hidden with it.
 */
export function shownBreakdown(cells: Cell[]): ShownCell[] {
  const small = cells.filter(({ count }) => count > 0 && count < suppressUnder)
  const rest = cells.filter(({ count }) => count >= suppressUnder).sort((a, b) => a.count - b.count)
  const complement = small.length === 1 ? rest[0] : undefined
  return cells.map((cell) => ({ name: cell.name, count: cell === complement ? null : shown(cell.count) }))
}
