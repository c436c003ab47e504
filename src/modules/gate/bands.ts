/** How risky a person is, from what their writes have led to. */
export type Band = 'GOOD' | 'NEUTRAL' | 'WATCH' | 'RISK' | 'BAD'

export const startTrust = 50
export const startRisk = 30
/** Up to here trust grows by itself, by one a day. */
export const trustGrowsTo = 70

/** Above this, risk falls by itself. */
export const calmRisk = 45

export function bandOf(risk: number): Band {
  if (risk <= 25) return 'GOOD'
  if (risk <= calmRisk) return 'NEUTRAL'
  if (risk <= 60) return 'WATCH'
  if (risk <= 80) return 'RISK'
  return 'BAD'
}

/** Above which risk which share of a limit is left, the lowest first. */
export const shares: readonly (readonly [number, number])[] = [
  [calmRisk, 0.7],
  [60, 0.5],
  [80, 0.3],
]

/** How many of `count` somebody of this risk may write: at least one. */
export function allowed(count: number, risk: number): number {
  const share = shares.findLast(([above]) => risk > above)?.[1] ?? 1
  // What 0.7 and the like are short of in binary must not take one away.
  return Math.max(1, Math.floor(count * share + 1e-6))
}
