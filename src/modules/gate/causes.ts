/** By how much each kind of event changes how a person stands. Whatever staff can undo has its inverse. */
const deltas = {
  velocity_trip: { trust: 0, risk: 5 },
  linked_to_banned: { trust: 0, risk: 20 },
  /** Something of theirs was hidden or removed. */
  removed: { trust: -10, risk: 0 },
  removed_undone: { trust: 10, risk: 0 },
  warned: { trust: 0, risk: 5 },
  warned_undone: { trust: 0, risk: -5 },
  /** They were muted, restricted, shadowed or banned. */
  restricted: { trust: 0, risk: 10 },
  restricted_undone: { trust: 0, risk: -10 },
  /** At least three people reported them within a day. */
  reported_by_many: { trust: -5, risk: 0 },
  report_upheld: { trust: 1, risk: 0 },
  report_dismissed: { trust: -1, risk: 0 },
  appeal_accepted: { trust: 2, risk: 0 },
  appeal_rejected: { trust: -3, risk: 0 },
  email_verified: { trust: 5, risk: 0 },
} as const satisfies Record<string, { trust: number; risk: number }>

export type ReputationKind = keyof typeof deltas

export const deltaOf = (kind: ReputationKind): { trust: number; risk: number } => deltas[kind]

/** Whether it keeps risk from falling by itself for a day. */
export const isNegative = (kind: ReputationKind): boolean => deltas[kind].trust < 0 || deltas[kind].risk > 0
