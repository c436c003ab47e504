// Invariant: what a policy imposes because of a write is there once, however often the write is tried.
import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/ids.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { PolicyRestriction } from '../policies/index.ts'
import type { RestrictionKind } from './errors.ts'
import type { Mirror } from './mirror.ts'
import type { Restrictions } from './restrictions.ts'
import type { PersonState } from './state.ts'
import type { Surface, Write } from './writes.ts'

type Attempted = Pick<Write, 'personId' | 'surface' | 'attempt'>

export interface Measures {
  /** The id of what becomes of an attempt: the same whenever it is repeated, so that it is decided once. */
  idOf(write: Attempted, what: string): string
  /** Holds somebody back because of a write. Nothing where the same holds them already. Answers the id of what holds. */
  restrict(write: Attempted, state: PersonState, restriction: PolicyRestriction, explanation: string): Promise<string>
  /** The same, until a challenge is answered. */
  challenge(write: Attempted, state: PersonState, explanation: string): Promise<string>
}

const dayMs = 24 * 60 * 60 * 1000

export function createMeasures(deps: {
  restrictions: Restrictions
  mirror: Pick<Mirror, 'refresh'>
  postgres: Pick<Postgres, 'transaction'>
  clock: Clock
  key: Buffer
}): Measures {
  const { restrictions, mirror, postgres, clock, key } = deps

  function idOf({ personId, surface, attempt }: Attempted, what: string): string {
    const bits = createHmac('sha256', key)
      .update(JSON.stringify([what, personId, surface, attempt]))
      .digest()
    return createId(Math.floor(clock.now() / dayMs) * dayMs, bits)
  }

  async function impose(
    write: Attempted,
    state: PersonState,
    wanted: { kind: RestrictionKind; surface: Surface | null; minutes: number; explanation: string },
  ): Promise<string> {
    const { personId } = write
    const known = state.restrictions.find(({ kind, surface }) => kind === wanted.kind && surface === wanted.surface)
    if (known && (known.expiresAtMs === null || known.expiresAtMs > clock.now())) return known.id
    const id = idOf(write, wanted.kind)
    await postgres.transaction((sql) =>
      restrictions.impose(sql, { ...wanted, id, personId, reason: 'policy', authorId: null, decisionId: null }),
    )
    // The job does it, should Redis be away.
    await mirror.refresh(personId).catch(() => undefined)
    return id
  }

  return {
    idOf,
    restrict: (write, state, restriction, explanation) => impose(write, state, { ...restriction, explanation }),
    challenge: (write, state, explanation) =>
      impose(write, state, { kind: 'CHALLENGE', surface: write.surface, minutes: 24 * 60, explanation }),
  }
}
