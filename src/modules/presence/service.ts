// Invariant: nobody is shown anywhere but in a cell, while fresh, and where they can have walked to; whoever hides is in no index.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, RateLimitedError, UnavailableError } from '../../platform/errors.ts'
import {
  type Area,
  areaOf,
  areasWithin,
  type Cell,
  checkedMapLatitude,
  type Position,
} from '../../platform/geo/index.ts'
import type { PersonIds } from '../../platform/person-ids.ts'
import type { Audience, SocialService } from '../social/index.ts'
import { type CellBand, cellBands, isWithin, searchMeters } from './bands.ts'
import { InaccurateFixError } from './errors.ts'
import type { Grids } from './grids.ts'
import { createStandings, type Standing, type Whereabouts } from './standings.ts'
import type { Around, BeatOutcome, BeatRequest, PresenceStore } from './store.ts'

export interface Heartbeat extends Position {
  accuracyMeters: number
  observedAt: Date
}

export interface Beat {
  /** When this presence ends unless another heartbeat comes. */
  expiresAt: Date
  /** From when on others are shown the person, if their audience allows it: later than now after an impossible move. */
  shownFrom: Date
}

/** The socket that a heartbeat came over. */
export interface Socket {
  onClosed(listener: () => void): void
}

export interface Online {
  online: boolean
  /** To the minute; null for who is not there. */
  lastSeenAt: Date | null
}

export interface PresenceService {
  /**
   * Says where a person is. Refuses a fix that is inaccurate, malformed, from another time or near a pole, and more than 30 a
   * minute. Repeating it is safe. A presence whose last heartbeat came over a socket ends a second after that.
   */
  heartbeat(personId: string, beat: Heartbeat, socket?: Socket | null): Promise<Beat>
  /** Ends a presence. True if there was one. Repeating it is safe. */
  end(personId: string): Promise<boolean>
  /** Which of these people are there now, by the names the viewer has for them. Who is hidden looks as who is not there. */
  named(viewerId: string, names: string[]): Promise<Online[]>
  /**
   * Runs a read that starts from where the viewer stands. `read` answers undefined when its script found the viewer elsewhere; it is
   * then asked again. Refuses a viewer without presence (NoPresenceError), and one that has just jumped (RATE_LIMITED).
   */
  from<T>(personId: string, read: (standing: Standing) => Promise<T | undefined>): Promise<T>
  /** Everybody fresh around a standing, in any order, the viewer left out; whom the viewer may be shown is not decided here. */
  around(viewerId: string, standing: Standing, within: CellBand, nowMs: number): Promise<Around[] | undefined>
  /** Lets a person be found by another audience, at once where it is a smaller one. Repeating it is safe. */
  show(personId: string, audience: Audience): Promise<void>
  /** Where somebody stands, read anew: for what looks at things for them as they move. Undefined without a presence. */
  whereIs(personId: string): Promise<Whereabouts | undefined>
  /** Remembers for both that they are about to be hidden from each other: for what resumes. Repeating it is safe. */
  part(personId: string, otherId: string): Promise<void>
  /** The same for two who are about not to be any more. */
  unite(personId: string, otherId: string): Promise<void>
  /** Everybody in an area's index; see `surroundingsTopic` for what happens meanwhile. */
  everybody: PresenceStore['everybody']
  /** Leaves nothing of a person, and tells how much that was. Repeating it is safe. */
  erase(personId: string): Promise<number>
  /** Ends what has run out, everywhere. Repeating it is safe. */
  sweep(): Promise<void>
}

/** How many people are considered around one viewer: beyond that, whoever comes first. */
export const consideredAtMost = 1000
/** A fix that could be anywhere within more metres is refused; beyond the second it is no fix at all. */
const accuracyMeters = { accepted: 50, plausible: 200 }
/** How far a phone's clock may be off. The server's alone decides what is fresh. */
const clockSkewMs = 60_000
const oldestFixMs = 90_000
const beatLimit = { count: 30, windowMs: 60_000 }
const settleAgainMs = 5 * 60_000
/** So long a phone has to come back over another socket before others are told that it has gone. */
const graceMs = 1000

/** Who moved faster than these is not shown for a while: privacy.md gives the speeds, the source system the jump. */
const rules = {
  walkMetersPerSecond: 12,
  jumpMeters: 1000,
  jumpMs: 30_000,
  flyMetersPerSecond: 300,
  settleMs: 30_000,
}
const jumpsADay = 20

export function createPresenceService(deps: {
  store: PresenceStore
  social: SocialService
  personIds: PersonIds
  grids: Grids
  clock: Clock
  ttlMs: number
  rateLimits: boolean
  /** Told of every fix that counts, */
  onStanding: (personId: string, cell: Cell) => Promise<void>
  /** and of the end of a presence, unless it ended by itself. */
  onGone: (personId: string) => Promise<void>
}): PresenceService {
  const { store, social, personIds, grids, clock, ttlMs, rateLimits } = deps
  const standings = createStandings({ store, grids, clock })
  const jumps = rateLimits ? jumpsADay : 0
  const noRate = { count: 0, windowMs: beatLimit.windowMs }

  function checked({ latitude, accuracyMeters: accuracy, observedAt }: Heartbeat, nowMs: number) {
    checkedMapLatitude(latitude)
    if (!(accuracy > 0) || accuracy > accuracyMeters.plausible)
      throw new BadUserInputError(
        `\`accuracyMeters\` is above 0 and at most ${accuracyMeters.plausible}.`,
        'accuracyMeters',
      )
    if (accuracy > accuracyMeters.accepted) throw new InaccurateFixError()
    const age = nowMs - observedAt.getTime()
    if (age > oldestFixMs || age < -clockSkewMs)
      throw new BadUserInputError('A fix is reported within 90 seconds, and not before it was made.', 'observedAt')
  }

  /** A person whom this area does not have: whoever has them lets them go, and says where they were last. */
  async function arrive(area: Area, request: BeatRequest): Promise<BeatOutcome> {
    const before = await store.areaOf(request.personId)
    const last = before === undefined || before === area ? [] : await store.leave(before, request.personId)
    await store.settle(request.personId, area, request.nowMs)
    return store.beat(area, { ...request, last, home: false })
  }

  // Names the socket in the person's record, and ends the presence with it.
  const ways = new WeakMap<Socket, string>()
  function wayOf(personId: string, socket: Socket): string {
    const known = ways.get(socket)
    if (known) return known
    const way = randomUUID()
    ways.set(socket, way)
    socket.onClosed(() => {
      // Should Redis not answer, the presence ends by itself.
      setTimeout(() => end(personId, way).catch(() => undefined), graceMs).unref()
    })
    return way
  }

  async function end(personId: string, via?: string): Promise<boolean> {
    standings.forget(personId)
    const area = await store.areaOf(personId)
    if (area === undefined) return false
    const ended = (await store.leave(area, personId, via)).length > 0
    // In which area they were stays known for minutes: a heartbeat of this very moment may have come to rely on it.
    if (ended) await Promise.all([store.tellGone(personId), deps.onGone(personId)])
    return ended
  }

  return {
    async heartbeat(personId, beat, socket) {
      const nowMs = clock.now()
      checked(beat, nowMs)
      const [cell, near] = [grids.people.snap(beat), grids.places.snap(beat)]
      const area = areaOf(cell)
      const known = standings.get(personId)
      const [audience = 'NOBODY'] = await social.audienceOf([personId])
      const via = socket ? wayOf(personId, socket) : ''
      const request: BeatRequest = {
        ...{ nowMs, personId, cell, near, audience, via, ttlMs, home: true, last: [] },
        ...{ latitude: beat.latitude, longitude: beat.longitude, accuracyMeters: beat.accuracyMeters },
        observedAtMs: beat.observedAt.getTime(),
        rate: rateLimits ? beatLimit : noRate,
        rules: { ...rules, jumpsADay: jumps },
      }

      const atHome = known?.area === area
      let outcome: BeatOutcome = atHome ? await store.beat(area, request) : { kind: 'lost' }
      if (outcome.kind === 'lost') outcome = await arrive(area, atHome ? { ...request, rate: noRate } : request)
      if (outcome.kind === 'wait') throw new RateLimitedError(outcome.retryAfterMs)
      if (outcome.kind === 'lost') throw new UnavailableError()

      if (outcome.kind === 'beat') {
        const again = !known || nowMs - known.settledAtMs > settleAgainMs
        const token = `${cell.id}|${near.id}|${outcome.readFromMs}`
        standings.set(personId, {
          ...{ area, cell, near, token, readFromMs: outcome.readFromMs },
          settledAtMs: again ? nowMs : known.settledAtMs,
        })
        if (atHome && again) await store.settle(personId, area, nowMs)
        await deps.onStanding(personId, cell)
      }
      // Somebody who hid while this heartbeat was under way must not be put back by it.
      const [since = 'NOBODY'] = await social.audienceOf([personId])
      if (since !== audience) await store.show(area, personId, since)
      return { expiresAt: new Date(nowMs + ttlMs), shownFrom: new Date(outcome.shownFromMs) }
    },

    end: (personId) => end(personId),

    async named(viewerId, names) {
      const people = names.map((name) => personIds.open(viewerId, name))
      const known = people.filter((id) => id !== undefined)
      const [visible, ends] = await Promise.all([social.visible(viewerId, known), store.endsOf(known)])
      const endsOf = new Map(known.map((id, i) => [id, visible[i] ? ends[i] : undefined]))
      const nowMs = clock.now()
      return people.map((id) => {
        const endsAtMs = id === undefined ? undefined : endsOf.get(id)
        if (endsAtMs === undefined || endsAtMs <= nowMs) return { online: false, lastSeenAt: null }
        return { online: true, lastSeenAt: new Date(Math.floor((endsAtMs - ttlMs) / 60_000) * 60_000) }
      })
    },

    from: standings.from,
    whereIs: standings.whereIs,

    async around(viewerId, standing, within, nowMs) {
      const radii = cellBands.filter((band) => isWithin(band, within)).map(searchMeters)
      const search = { nowMs, middle: standing.cell, radii, atMost: consideredAtMost }
      const found = await Promise.all(
        areasWithin(standing.cell, searchMeters(within)).map((area) =>
          store.around(area, { personId: viewerId, token: area === standing.area ? standing.token : '' }, search),
        ),
      )
      if (found.includes(undefined)) return undefined
      return found.flatMap((people) => people ?? []).filter(({ personId }) => personId !== viewerId)
    },

    async show(personId, audience) {
      const area = await store.areaOf(personId)
      if (area !== undefined) await store.show(area, personId, audience)
    },

    async part(personId, otherId) {
      await Promise.all([
        store.tell(personId, { kind: 'apart', other: otherId }),
        store.tell(otherId, { kind: 'apart', other: personId }),
      ])
    },

    async unite(personId, otherId) {
      await Promise.all([
        store.tell(personId, { kind: 'together', other: otherId }),
        store.tell(otherId, { kind: 'together', other: personId }),
      ])
    },

    everybody: store.everybody,

    async erase(personId) {
      await end(personId)
      let erased = await store.eraseFromLogs(personId)
      for (const area of await store.areas(clock.now())) erased += await store.erase(area, personId)
      await store.forget(personId)
      return erased
    },

    async sweep() {
      const nowMs = clock.now()
      for (const area of await store.areas(nowMs)) {
        await store.sweep(area, nowMs)
        await store.fade(area, nowMs)
      }
    },
  }
}
