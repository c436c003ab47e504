// Invariant: a device has at most one open session; no store holds an interest in the clear, and none can tell which beacons belong together.
import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, IdempotencyMismatchError, NotFoundError, UnavailableError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { SocialService } from '../social/index.ts'
import type { Beacon } from './beacons.ts'
import { createBeacons } from './beacons.ts'
import { createCatalogue } from './catalogue.ts'
import { NoOpenSessionError, SessionAlreadyOpenError, UnknownInterestsError } from './errors.ts'
import { dayOf, interestsPerSession } from './interests.ts'
import type { SessionStore, StoredSession } from './store.ts'

export interface Session {
  id: string
  deviceId: string
  openedAt: Date
  expiresAt: Date
  state: 'OPEN' | 'CLOSED' | 'EXPIRED'
}

export interface SessionViewer {
  deviceId: string
  /** Set when the viewer holds the secret of one session only. */
  sessionId: string | null
}

export interface SessionService {
  /**
   * Opens the device's session. Refuses an empty, too long or unknown list of interests, a second open session, and a client
   * id used before with other interests. Repeating it with the same client id gives the original session.
   */
  open(viewer: SessionViewer, input: { clientId: string; interests: string[] }): Promise<Session>
  /** Gives the open session its full life again, from now. Refuses when none is open. Repeating it is safe. */
  extend(viewer: SessionViewer, sessionId: string | null): Promise<Session>
  /** Closes the open session, or the one named. Refuses when none is open; repeating it with the id gives the closed session. */
  close(viewer: SessionViewer, sessionId: string | null): Promise<Session>
  /** Closes whatever a device has open: it was revoked or erased. Repeating it is safe. */
  closeOf(deviceId: string): Promise<void>
  /** Leaves nothing of a device's sessions, and tells which those were. Repeating it is safe. */
  erase(deviceId: string): Promise<string[]>
  /** The open session, or the named one as long as it is remembered, if it is the viewer's. */
  find(viewer: SessionViewer, sessionId?: string): Promise<Session | undefined>
  /** The beacons of an open session, with their windows; none of one that is over. */
  beaconsOf(session: Session): Beacon[]
  /** The interests behind tags, for showing the shared ones to the two who share them. */
  interestsOf(tags: string[]): Promise<string[]>
  countOpen(): Promise<number>
  /** Keeps two devices from meeting, or lets them, while their sessions are open. */
  hide(deviceId: string, otherId: string, hidden: boolean): Promise<void>
}

const openLimit: Limit = { name: 'open-session', count: 30, windowMs: 60 * 60 * 1000 }
const extendLimit: Limit = { name: 'extend-session', count: 60, windowMs: 60 * 60 * 1000 }

export function createSessionService(deps: {
  store: SessionStore
  social: SocialService
  limiter: RateLimiter
  clock: Clock
  secret: string
  settings: { ttlMs: number; windowMs: number }
  /** Told when a session will last longer than it was said before, and before the phone is told. */
  onExtended: (sessionId: string, expiresAtMs: number) => Promise<void>
}): SessionService {
  const { store, social, limiter, clock, secret, settings } = deps
  const deriveBeacons = createBeacons(secret, settings.windowMs)
  const catalogue = createCatalogue({ store, clock })

  const fingerprint = (sessionId: string, interests: string[]) =>
    createHmac('sha256', secret)
      .update(`interests:${sessionId}:${interests.join(',')}`)
      .digest('base64url')

  const view = (stored: StoredSession): Session => ({
    id: stored.id,
    deviceId: stored.deviceId,
    openedAt: new Date(stored.openedAtMs),
    expiresAt: new Date(stored.closedAtMs ?? stored.expiresAtMs),
    state: stored.closedAtMs !== null ? 'CLOSED' : stored.expiresAtMs <= clock.now() ? 'EXPIRED' : 'OPEN',
  })

  // A beacon resolves in its own window and in the one after it.
  const resolving = ({ value, validFrom, validUntil }: Beacon) => ({
    value,
    fromMs: validFrom.getTime(),
    untilMs: validUntil.getTime() + settings.windowMs,
  })

  /** Tags under the keys of every day on which somebody may still meet this session or be shown a match with it. */
  async function tagged(interests: string[], nowMs: number, expiresAtMs: number) {
    const dayKeys = await catalogue.keys(nowMs, expiresAtMs + settings.ttlMs)
    return { dayKeys, tags: dayKeys.flatMap(({ tagOf }) => interests.flatMap((interest) => tagOf.get(interest) ?? [])) }
  }

  async function checked(interests: string[]): Promise<{ interests: string[]; categories: string[] }> {
    const wanted = [...new Set(interests)].sort()
    const { min, max } = interestsPerSession
    if (wanted.length < min || wanted.length > max)
      throw new BadUserInputError(`A session has ${min} to ${max} interests.`, 'interests')
    const known = await catalogue.categories()
    const unknown = wanted.filter((interest) => !known.has(interest))
    if (unknown.length > 0) throw new UnknownInterestsError(unknown)
    return { interests: wanted, categories: [...new Set(wanted.map((interest) => known.get(interest) ?? ''))] }
  }

  async function original(id: string, interests: string[]): Promise<Session> {
    const stored = await store.find(id)
    if (!stored) throw new NotFoundError()
    if (stored.fingerprint !== fingerprint(id, interests)) throw new IdempotencyMismatchError()
    return view(stored)
  }

  /** What is remembered may be a second old, and the session keeps it for its life: so it is read again once a block can reach it. */
  async function hideWhomAnotherNodeKnows(deviceId: string, known: string[]) {
    const missed = new Set(await social.hiddenFromNow(deviceId))
    for (const id of known) missed.delete(id)
    await Promise.all([...missed].map((id) => store.hide(deviceId, id, true)))
  }

  async function openSession(viewer: SessionViewer): Promise<StoredSession> {
    const id = await store.openOf(viewer.deviceId)
    const stored = id && (viewer.sessionId === null || viewer.sessionId === id) ? await store.find(id) : undefined
    if (!stored || view(stored).state !== 'OPEN') throw new NoOpenSessionError()
    return stored
  }

  async function close(stored: StoredSession): Promise<Session> {
    const nowMs = clock.now()
    // As far as an extension at this very moment could reach.
    const beacons = deriveBeacons(stored.id, stored.openedAtMs, Math.max(stored.expiresAtMs, nowMs + settings.ttlMs))
    await store.close(
      stored,
      beacons.map(({ value }) => value),
      nowMs,
    )
    return view({ ...stored, closedAtMs: nowMs })
  }

  return {
    async open({ deviceId }, { clientId, interests: given }) {
      await limiter.take(openLimit, deviceId)
      const { interests, categories } = await checked(given)
      const hidden = [...(await social.hiddenFrom(deviceId))]
      for (const lastTry of [false, true]) {
        const nowMs = clock.now()
        const expiresAtMs = nowMs + settings.ttlMs
        const id = createId(nowMs)
        const { dayKeys, tags } = await tagged(interests, nowMs, expiresAtMs)
        const session: StoredSession = {
          ...{ id, deviceId, clientId, openedAtMs: nowMs, expiresAtMs, closedAtMs: null, tags },
          fingerprint: fingerprint(id, interests),
        }
        const { day } = dayOf(nowMs)
        const outcome = await store.open({
          ...{ session, nowMs, dayKeys, hidden },
          beacons: deriveBeacons(id, nowMs, expiresAtMs).map(resolving),
          counts: [`sessions ${day}`, ...categories.map((category) => `category ${day} ${category}`)],
        })
        if (outcome.kind === 'opened' || outcome.kind === 'known') await hideWhomAnotherNodeKnows(deviceId, hidden)
        if (outcome.kind === 'opened') return view(session)
        if (outcome.kind === 'known') return original(outcome.id, interests)
        if (outcome.kind === 'open') throw new SessionAlreadyOpenError(outcome.id)
        catalogue.forget()
        if (lastTry) break
      }
      throw new UnavailableError()
    },

    async extend(viewer, sessionId) {
      await limiter.take(extendLimit, viewer.deviceId)
      const stored = await openSession(viewer)
      if (sessionId !== null && sessionId !== stored.id) throw new NoOpenSessionError()
      const nowMs = clock.now()
      const expiresAtMs = Math.max(stored.expiresAtMs, nowMs + settings.ttlMs)
      const { dayKeys, tags } = await tagged(await catalogue.interestsOf(stored.tags), nowMs, expiresAtMs)
      const session = { ...stored, expiresAtMs, tags }
      // From the window before this one, which still resolves and was to end with the session.
      const fromMs = Math.max(stored.openedAtMs, nowMs - settings.windowMs)
      const beacons = deriveBeacons(stored.id, fromMs, expiresAtMs).map(resolving)
      const outcome = await store.extend({ session, nowMs, dayKeys, beacons })
      if (outcome === 'none') throw new NoOpenSessionError()
      if (outcome === 'stale-key') {
        catalogue.forget()
        throw new UnavailableError()
      }
      await deps.onExtended(stored.id, expiresAtMs)
      return view(session)
    },

    async close(viewer, sessionId) {
      if (sessionId === null) return close(await openSession(viewer))
      const stored = isId(sessionId) ? await store.find(sessionId) : undefined
      if (
        !stored ||
        stored.deviceId !== viewer.deviceId ||
        (viewer.sessionId !== null && viewer.sessionId !== sessionId)
      )
        throw new NotFoundError()
      return view(stored).state === 'OPEN' ? close(stored) : view(stored)
    },

    async closeOf(deviceId) {
      const id = await store.openOf(deviceId)
      const stored = id ? await store.find(id) : undefined
      if (stored) await close(stored)
    },

    async erase(deviceId) {
      await this.closeOf(deviceId)
      const ids = await store.sessionsOf(deviceId)
      await store.erase(deviceId, ids)
      return ids
    },

    async find(viewer, sessionId) {
      const id = sessionId ?? (await store.openOf(viewer.deviceId))
      if (!id || !isId(id) || (viewer.sessionId !== null && viewer.sessionId !== id)) return undefined
      const stored = await store.find(id)
      if (!stored || stored.deviceId !== viewer.deviceId) return undefined
      const session = view(stored)
      return sessionId === undefined && session.state !== 'OPEN' ? undefined : session
    },

    beaconsOf: (session) =>
      session.state === 'OPEN'
        ? deriveBeacons(session.id, session.openedAt.getTime(), session.expiresAt.getTime())
        : [],
    interestsOf: (tags) => catalogue.interestsOf(tags),
    countOpen: () => store.countOpen(clock.now()),
    hide: (deviceId, otherId, hidden) => store.hide(deviceId, otherId, hidden),
  }
}
