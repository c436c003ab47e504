import type { RestrictionKind } from './errors.ts'
import type { Surface } from './writes.ts'

/** A restriction as the gate needs it. */
export interface ActiveRestriction {
  id: string
  kind: RestrictionKind
  /** Null: everywhere. */
  surface: Surface | null
  explanation: string
  startsAtMs: number
  /** Null: until it is revoked. */
  expiresAtMs: number | null
}

/** Everything that the gate knows of a person, as of one commit. */
export interface PersonState {
  /** There is such a person: nothing is kept of anybody else. */
  known: boolean
  /** Grows with every change. */
  version: number
  trust: number
  risk: number
  knownSinceMs: number
  /** They came from a device of people who were banned. */
  linked: boolean
  /** When they last answered a challenge; null: not lately. */
  answeredAtMs: number | null
  restrictions: ActiveRestriction[]
}

/** Those that keep everything from being written, the hardest first. */
export const stopping = ['BAN', 'BLOCK', 'MUTE', 'COOLDOWN', 'CHALLENGE'] as const satisfies RestrictionKind[]

export function isActive({ expiresAtMs }: ActiveRestriction, nowMs: number): boolean {
  return expiresAtMs === null || expiresAtMs > nowMs
}

/** What holds on a surface: everything that is global, and what is its own. */
export function restrictionsOn(state: PersonState, surface: Surface, nowMs: number): ActiveRestriction[] {
  return state.restrictions.filter((one) => (one.surface === null || one.surface === surface) && isActive(one, nowMs))
}

export interface Hold {
  /** The hardest one. */
  restriction: ActiveRestriction
  /** When nothing holds the person back any more; null: when staff says so. */
  retryAfterMs: number | null
}

/** What keeps the person from writing, if anything does. A challenge counts only where nothing harder does. */
export function holdOf(restrictions: ActiveRestriction[], nowMs: number): Hold | undefined {
  const holding = stopping.flatMap((kind) => restrictions.filter((one) => one.kind === kind))
  const [restriction] = holding
  if (!restriction) return undefined
  const ends = holding.filter(({ kind }) => kind !== 'CHALLENGE').map(({ expiresAtMs }) => expiresAtMs)
  const endless = ends.includes(null)
  return { restriction, retryAfterMs: endless ? null : Math.max(...ends.map((end) => (end ?? 0) - nowMs), 0) }
}
