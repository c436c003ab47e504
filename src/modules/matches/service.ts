// Invariant: a pair of sessions is nudged at most once, both sides or neither, and nothing tells why a beacon led to no match.
import type { Clock } from '../../platform/clock.ts'
import type { Delivery, DeliveryEngine } from '../../platform/delivery/index.ts'
import { BadUserInputError, NotFoundError, RateLimitedError } from '../../platform/errors.ts'
import { Lru } from '../../platform/lru.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Limit } from '../../platform/rate-limit.ts'
import { NoOpenSessionError, type Session, type SessionService, type SessionViewer } from '../sessions/index.ts'
import type { Block, SocialService } from '../social/index.ts'
import { type NudgePayload, nudgesTopic } from './events.ts'
import type { MatchStore, StoredMatch } from './store.ts'

export const sightingsPerCall = 50
export const labelsShown = 5
/** How far a phone's clock may be ahead of ours, and how old a sighting may be when it is reported. */
const skewMs = 60_000
/** What is noted of a phone's place lasts two minutes, and is noted again this long after. */
const tellAgainMs = 45_000
const phonesRemembered = 100_000
const reportLimit: Limit = { name: 'sightings', count: 60, windowMs: 60_000 }

export interface Sighting {
  beacon: string
  observedAt: Date
}

export interface SightingResult {
  match: boolean
  sharedInterests: string[]
  nudgeSent: boolean
}

export interface Match {
  id: string
  matchedAt: Date
  nudgedAt: Date | null
  sharedInterests: string[]
}

export interface MatchService {
  /**
   * Answers each sighting in the order given. Refuses when no session is open, more than 50 sightings, malformed beacons and
   * times out of reach, and more than 60 calls a minute. Repeating it is safe: a pair that was nudged is not nudged again.
   */
  report(viewer: SessionViewer, sightings: Sighting[]): Promise<SightingResult[]>
  /** Ids of a session's matches, newest first. */
  list(session: Session): Promise<string[]>
  /** Matches by id, as they are shown; those that ended meanwhile are left out. */
  load(ids: string[]): Promise<Match[]>
  /**
   * The viewer's nudges after a cursor, then live; with a session's secret, those of that session only. Refuses a cursor of
   * another stream, and the secret of a session that is over with NOT_FOUND.
   */
  nudges(
    viewer: SessionViewer,
    after: string | null,
    onSlow: () => void,
  ): Promise<AsyncIterable<Delivery<NudgePayload>>>
  /** What a nudge says that the two have in common. */
  sharedInterests(nudge: NudgePayload): Promise<string[]>
  /** Hides the other side of a match, and the match, for good. Refuses a match that is not the viewer's or is over with NOT_FOUND. Repeating it is safe. */
  block(viewer: SessionViewer, matchId: string): Promise<Block>
  /** The other side of a match. Refuses a match that is not the viewer's or is over with NOT_FOUND. */
  personOf(viewer: SessionViewer, matchId: string): Promise<string>
  /** Hides the match that two people have now, if they have one. Repeating it is safe. */
  hideBetween(personId: string, otherId: string): Promise<void>
  /** The people whose phones and this one's heard each other in the last two minutes, both in an open session. */
  inReachOf(personId: string): Promise<string[]>
  /** Takes note of where a phone is: what is heard from another city is heard over a relay. `cells`: its own, and those that touch it. */
  stand(personId: string, cells: string[]): void
  /** The phone is nowhere any more, as far as is known. */
  standNowhere(personId: string): Promise<void>
  /** Leaves nothing of the matches of these sessions, and tells how many those were. Repeating it is safe. */
  erase(sessionIds: string[]): Promise<number>
  /** Keeps what is known of a session's matches until its new end. */
  keep(sessionId: string, untilMs: number): Promise<void>
}

export function createMatchService(deps: {
  store: MatchStore
  sessions: SessionService
  social: SocialService
  delivery: DeliveryEngine
  clock: Clock
  metrics: Metrics
  rateLimits: boolean
  rules: { windowMs: number; mutual: boolean; mutualMs: number; cooldownMs: number; nudgesPerSession: number }
}): MatchService {
  const { store, sessions, social, delivery, clock, metrics } = deps
  const { windowMs, cooldownMs, nudgesPerSession } = deps.rules
  const standings = new Lru<string, { cell: string; atMs: number }>(phonesRemembered)
  const rules = {
    windowMs,
    skewMs,
    cooldownMs,
    nudgesPerSession,
    mutualMs: deps.rules.mutual ? deps.rules.mutualMs : 0,
  }
  const rate = { count: deps.rateLimits ? reportLimit.count : 0, windowMs: reportLimit.windowMs }

  const labels = async (tags: string[]) => (await sessions.interestsOf(tags)).sort().slice(0, labelsShown)

  function checked({ beacon, observedAt }: Sighting, nowMs: number) {
    if (!/^[0-9a-f]{32}$/.test(beacon))
      throw new BadUserInputError('A beacon is 32 lower-case hexadecimal digits.', 'sightings.beacon')
    const observedAtMs = observedAt.getTime()
    const tooOld = nowMs - observedAtMs > 2 * windowMs + skewMs
    if (observedAtMs - nowMs > skewMs || tooOld)
      throw new BadUserInputError(
        'A sighting is reported within two beacon windows, and not before it was made.',
        'sightings.observedAt',
      )
    return { beacon, observedAtMs }
  }

  async function personOf({ deviceId }: SessionViewer, matchId: string): Promise<string> {
    const otherId = /^[0-9a-f]{40}$/.test(matchId) ? await store.otherSide(matchId, deviceId) : undefined
    if (!otherId) throw new NotFoundError()
    return otherId
  }

  const view = async (stored: StoredMatch): Promise<Match> => ({
    id: stored.id,
    matchedAt: new Date(stored.matchedAtMs),
    nudgedAt: stored.nudgedAtMs === null ? null : new Date(stored.nudgedAtMs),
    sharedInterests: await labels(stored.shared),
  })

  return {
    async report({ deviceId, sessionId }, given) {
      if (given.length < 1 || given.length > sightingsPerCall)
        throw new BadUserInputError(`One call reports 1 to ${sightingsPerCall} sightings.`, 'sightings')
      const nowMs = clock.now()
      const sightings = given.map((sighting) => checked(sighting, nowMs))
      const outcome = await store.sight({ nowMs, deviceId, sessionId, sightings, rate, rules })
      if (outcome.kind === 'none') throw new NoOpenSessionError()
      if (outcome.kind === 'wait') throw new RateLimitedError(outcome.retryAfterMs)
      metrics.sightings.inc(sightings.length)
      metrics.matches.inc(outcome.answers.filter(({ nudgeSent }) => nudgeSent).length)
      return Promise.all(
        outcome.answers.map(async ({ match, nudgeSent, shared }) => ({
          match,
          nudgeSent,
          sharedInterests: await labels(shared),
        })),
      )
    },

    list: (session) => store.list(session.id, session.deviceId),

    async load(ids) {
      const found = await store.load(ids)
      return Promise.all(found.flatMap((stored) => (stored ? [view(stored)] : [])))
    },

    async nudges(viewer, after, onSlow) {
      const { deviceId, sessionId } = viewer
      if (sessionId !== null && (await sessions.find(viewer, sessionId))?.state !== 'OPEN') throw new NotFoundError()
      return delivery.subscribe(nudgesTopic, deviceId, {
        after,
        keep: (payloads) =>
          store.visible(
            deviceId,
            payloads.map(({ matchId }) => matchId),
          ),
        ...(sessionId === null ? {} : { accept: (payload: NudgePayload) => payload.sessionId === sessionId }),
        onSlow,
      })
    },

    sharedInterests: ({ shared }) => labels(shared),

    personOf,

    async block(viewer, matchId) {
      const { deviceId } = viewer
      const otherId = await personOf(viewer, matchId)
      const block = await social.block(deviceId, otherId)
      await store.hide(matchId, [deviceId, otherId])
      return block
    },

    async hideBetween(personId, otherId) {
      const matchId = await store.between(personId, otherId)
      if (matchId && (await store.otherSide(matchId, personId))) await store.hide(matchId, [personId, otherId])
    },

    inReachOf: (personId) => store.inReachOf(personId, clock.now()),

    stand(personId, cells) {
      const [cell = ''] = cells
      const nowMs = clock.now()
      const told = standings.get(personId)
      if (told?.cell === cell && nowMs - told.atMs < tellAgainMs) return
      standings.set(personId, { cell, atMs: nowMs })
      // Nobody waits for it; what could not be written is written by the next heartbeat.
      store.stand(personId, cells).catch(() => standings.delete(personId))
    },

    async standNowhere(personId) {
      standings.delete(personId)
      await store.standNowhere(personId)
    },

    erase: (sessionIds) => store.erase(sessionIds),
    keep: (sessionId, untilMs) => store.keep(sessionId, Math.max(1, untilMs - clock.now())),
  }
}
