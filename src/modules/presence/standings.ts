import type { Clock } from '../../platform/clock.ts'
import { RateLimitedError, UnavailableError } from '../../platform/errors.ts'
import type { Area, Cell } from '../../platform/geo/index.ts'
import { Lru } from '../../platform/lru.ts'
import { NoPresenceError } from './errors.ts'
import type { Grids } from './grids.ts'
import type { PresenceStore } from './store.ts'

/** Where a viewer asks from. */
export interface Standing {
  area: Area
  /** The cell that others may know. */
  cell: Cell
  /** The cell of the places grid. */
  near: Cell
  /** What a script compares with the viewer's record, by `stands(at(viewer), now, token)`. */
  token: string
}

export interface Whereabouts {
  /** See `standOf`. */
  stand: string
  endsAtMs: number
}

export interface RememberedStanding extends Standing {
  /** Until then the viewer may not look around, milliseconds. */
  readFromMs: number
  /** When it was last written down in which area they are. */
  settledAtMs: number
}

const remembered = 100_000

/** Where people were last seen to stand, by this node: a guess that the script of every read confirms or refuses. */
export function createStandings(deps: { store: PresenceStore; grids: Grids; clock: Clock }) {
  const { store, grids, clock } = deps
  const known = new Lru<string, RememberedStanding>(remembered)

  /** What Redis holds, if it is not over. */
  async function read(personId: string) {
    const area = await store.areaOf(personId)
    const found = area === undefined ? undefined : await store.standOf(area, personId)
    return area === undefined || !found || found.endsAtMs <= clock.now() ? undefined : { area, ...found }
  }

  async function lookUp(personId: string): Promise<RememberedStanding> {
    const found = await read(personId)
    const [cellId = '', nearId = '', readFrom] = found?.token.split('|') ?? []
    const [cell, near] = [grids.people.cell(cellId), grids.places.cell(nearId)]
    if (!found || !cell || !near) throw new NoPresenceError()
    const { area, token } = found
    const standing = { area, cell, near, token, readFromMs: Number(readFrom), settledAtMs: 0 }
    known.set(personId, standing)
    return standing
  }

  return {
    get: (personId: string) => known.get(personId),
    set: (personId: string, standing: RememberedStanding) => known.set(personId, standing),
    forget: (personId: string) => known.delete(personId),

    async whereIs(personId: string): Promise<Whereabouts | undefined> {
      const found = await read(personId)
      return found && { stand: found.token, endsAtMs: found.endsAtMs }
    },

    async from<T>(personId: string, work: (standing: Standing) => Promise<T | undefined>): Promise<T> {
      for (let tries = 0; tries < 3; tries += 1) {
        const standing = known.get(personId) ?? (await lookUp(personId))
        const wait = standing.readFromMs - clock.now()
        if (wait > 0) throw new RateLimitedError(wait)
        const answer = await work(standing)
        if (answer !== undefined) return answer
        known.delete(personId)
      }
      throw new UnavailableError()
    },
  }
}
