/** Why a beacon leads to no match. The answers are the same; so must be the time they take. */
export const kinds = ['unknown', 'own', 'shares nothing'] as const

export type Kind = (typeof kinds)[number]
/** Microseconds of each call. */
export type Times = Record<Kind, number[]>
