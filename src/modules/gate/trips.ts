// Invariant: whoever writes too fast is held back once for it, however many of their writes find out.
import type { Clock } from '../../platform/clock.ts'
import { createId } from '../../platform/ids.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import { bandOf } from './bands.ts'
import type { LedgerStore } from './ledger-store.ts'
import type { Mirror } from './mirror.ts'
import { linkCoolOff, type Window } from './paces.ts'
import type { Imposed, Restrictions } from './restrictions.ts'
import type { Standing, StandingStore } from './standing-store.ts'
import type { Standings } from './standings.ts'
import type { PersonState } from './state.ts'
import type { Surface } from './writes.ts'

export interface Trips {
  /** Somebody wrote too fast there: holds them back, or hides what they write from now on. Answers the person as they are then. */
  tooFast(personId: string, surface: Surface, window: Window): Promise<PersonState>
  /** Somebody new links to too many places: what they write is kept without links. Repeating it is safe. */
  tooManyDomains(personId: string): Promise<void>
}

const hourMs = 60 * 60 * 1000
const hour = 60
const day = 24 * hour
const bySystem = { authorId: null, decisionId: null }
const hardBands = new Set(['RISK', 'BAD'])

export function createTrips(deps: {
  restrictions: Restrictions
  standings: Standings
  standingStore: StandingStore
  ledger: LedgerStore
  mirror: Pick<Mirror, 'refresh' | 'load'>
  postgres: Pick<Postgres, 'transaction'>
  clock: Clock
}): Trips {
  const { restrictions, standings, standingStore, ledger, mirror, postgres, clock } = deps
  const running = new Map<string, Promise<unknown>>()

  /** One transaction at a time for each cause: whoever comes meanwhile gets what that one does. */
  async function once(key: string, work: () => Promise<unknown>): Promise<void> {
    const known = running.get(key) ?? work().finally(() => running.delete(key))
    running.set(key, known)
    await known
  }

  /** The second time within an hour is taken harder, and so is everything of somebody who stands badly. */
  async function measureFor(sql: Sql, { personId, risk }: Standing, surface: Surface, window: Window, nowMs: number) {
    const band = bandOf(risk)
    const common = { personId, surface, reason: 'velocity', explanation: 'You wrote too much in too short a time.' }
    const active = await ledger.active(sql, [personId], nowMs)
    const holds = (kind: string) =>
      active.some((one) => one.kind === kind && (one.surface === null || one.surface === surface))
    if (holds('COOLDOWN')) return undefined
    // To somebody who is hidden already it looks as to anybody else.
    if (band === 'BAD' && !holds('SHADOW'))
      return { ...common, ...bySystem, kind: 'SHADOW', minutes: day } satisfies Imposed
    const before = await standingStore.count(sql, personId, ['velocity_trip'], nowMs - hourMs)
    const minutes = before > 0 || hardBands.has(band) ? hour : window.minutes
    return { ...common, ...bySystem, kind: 'COOLDOWN', minutes } satisfies Imposed
  }

  const tooFast = (personId: string, surface: Surface, window: Window) =>
    postgres.transaction(async (sql) => {
      const nowMs = clock.now()
      const standing = await standingStore.change(sql, personId, nowMs)
      const measure = standing && (await measureFor(sql, standing, surface, window, nowMs))
      if (!measure) return
      const id = createId(nowMs)
      await restrictions.impose(sql, { ...measure, id })
      await standings.note(sql, { personId, kind: 'velocity_trip', surface, cause: `restriction:${id}` })
    })

  return {
    async tooFast(personId, surface, window) {
      await once(`${personId} ${surface}`, async () => {
        await tooFast(personId, surface, window)
        // The job does it, should Redis be away.
        await mirror.refresh(personId).catch(() => undefined)
      })
      return mirror.load(personId)
    },

    async tooManyDomains(personId) {
      await once(`${personId} domains`, async () => {
        await postgres.transaction(async (sql) => {
          const nowMs = clock.now()
          await standingStore.change(sql, personId, nowMs)
          const active = await ledger.active(sql, [personId], nowMs)
          if (active.some(({ kind, surface }) => kind === 'STRIP_LINKS' && surface === null)) return
          await restrictions.impose(sql, {
            ...{ personId, kind: 'STRIP_LINKS', surface: null, minutes: linkCoolOff.minutes, reason: 'links' },
            ...{ explanation: 'You linked to many places soon after you came.', ...bySystem },
          })
        })
        await mirror.refresh(personId).catch(() => undefined)
      })
    },
  }
}
