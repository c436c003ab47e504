/** What counts how much when activities are put in order. */
export interface RankWeights {
  distance: number
  freshness: number
  joins: number
}

const dayMs = 24 * 60 * 60 * 1000

/**
 * How high an activity ranks. Nearness fades to the asked radius and freshness within a day; joins count less the more there are.
 */
export function scoreOf(
  activity: { createdAtMs: number; joins: number },
  meters: number,
  asked: { radiusMeters: number; nowMs: number; weights: RankWeights },
): number {
  const { weights, radiusMeters, nowMs } = asked
  // Within one cell everything is equally near.
  const away = radiusMeters > 0 ? meters / radiusMeters : 0
  const age = Math.max(0, nowMs - activity.createdAtMs) / dayMs
  return (
    weights.distance * Math.max(0, 1 - away) +
    weights.freshness * Math.max(0, 1 - age) +
    weights.joins * Math.log(1 + activity.joins)
  )
}

/** Highest score first; equals by id, so that the order is one. */
export function byRank(a: { score: number; id: string }, b: { score: number; id: string }): number {
  return b.score - a.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
