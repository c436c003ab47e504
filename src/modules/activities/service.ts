// Invariant: an activity is made once, holds no more people than seats, is gone with everything said and done there, and is nothing to whoever is apart from its host.
import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import {
  BadUserInputError,
  ForbiddenError,
  IdempotencyMismatchError,
  NotFoundError,
  RateLimitedError,
  UnavailableError,
} from '../../platform/errors.ts'
import { areaOf, areaOfId, createIdIn } from '../../platform/geo/index.ts'
import { isId } from '../../platform/ids.ts'
import { outcomeOf, resultOf } from '../../platform/outcome.ts'
import type { PersonIds } from '../../platform/person-ids.ts'
import type { Gate, Shadows } from '../gate/index.ts'
import type { Grids, PresenceService } from '../presence/index.ts'
import type { SocialService } from '../social/index.ts'
import { type Attendees, createAttendees } from './attendees.ts'
import { type Activity, isShown } from './card.ts'
import { type Chat, createChat } from './chat.ts'
import type { ChatStore } from './chat-store.ts'
import { type Clusters, createClusters } from './clusters.ts'
import { ActivityFullError, ActivityOverError, CapacityBelowJoinsError, HostCannotLeaveError } from './errors.ts'
import { createNearby, type Nearby } from './nearby.ts'
import { createProjecting, type Projecting } from './projecting.ts'
import type { RankWeights } from './ranking.ts'
import type { ActivityReads } from './reads.ts'
import { type ActivityChanges, checkedName, checkedTitle, type NewActivity, plan, planned } from './rules.ts'
import type { ActivityStore, Outcome } from './store.ts'
import { type ActivitySubjects, createActivitySubjects } from './subjects.ts'
import { createWatching, type Watching } from './watching.ts'

export type FlagReason = 'SPAM' | 'OFFENSIVE' | 'DANGEROUS' | 'OTHER'

export interface ActivityService extends Nearby, Clusters, Attendees, Chat, Watching, Projecting, ActivitySubjects {
  /**
   * Makes an activity. Refuses texts, places and times out of their range, what the gate refuses, and more than 5 an hour. Repeating it with
   * the same client id gives the original while that is there, also to who may not write any more, and NOT_FOUND after.
   */
  create(personId: string, input: NewActivity): Promise<Activity>
  /** Host only (FORBIDDEN). Refuses what the gate refuses, one that is over, fewer seats than are taken, another start of what has begun, and a move too far. Safe to repeat. */
  update(personId: string, id: string, changes: ActivityChanges): Promise<Activity>
  /** Host only (FORBIDDEN). Refuses one that has ended by itself. Repeating it gives the same. */
  cancel(personId: string, id: string): Promise<Activity>
  /** Takes a seat. Refuses a name that the gate refuses, one that is full or over, and more than 20 an hour. Repeating it gives the same; the host needs no seat. */
  join(personId: string, id: string, displayName?: string | null): Promise<Activity>
  /** Gives the seat back. Refuses the host. Repeating it gives the same. */
  leave(personId: string, id: string): Promise<Activity>
  /** Counts one flag of one person. Refuses the host, one that is over, and more than 5 an hour. Repeating it gives the same. */
  flag(personId: string, id: string, reason: FlagReason): Promise<void>
  /** Those that the viewer may be shown, in the order asked for: null stands for what is not there, over for good, or hidden. */
  load(viewerId: string, ids: readonly string[]): Promise<(Activity | null)[]>
  /** Everything in an area's index that anybody may be shown; see `surroundingsTopic` for what happens meanwhile. */
  gatherings: ActivityReads['gatherings']
  /** What time it is, for what follows from an activity's times. */
  nowMs(): number
  /** In which of these the viewer has a seat. */
  seats(viewerId: string, ids: readonly string[]): Promise<boolean[]>
}

const hourMs = 60 * 60 * 1000
const limits = { create: 5, join: 20, flag: 5 }
const editTries = 5

export interface ActivityDependencies {
  store: ActivityStore
  reads: ActivityReads
  chat: ChatStore
  social: SocialService
  presence: PresenceService
  delivery: DeliveryEngine
  personIds: PersonIds
  grids: Grids
  clock: Clock
  secret: string
  retentionMs: number
  weights: RankWeights
  rateLimits: boolean
  gate: Gate & Shadows
}

/** What a new record keeps of what hides it. */
const hiding = (hiddenBy: string | null) => (hiddenBy === null ? {} : { state: 1, hidden: 1, hiddenBy })

export function createActivityService(deps: ActivityDependencies): ActivityService {
  const { store, reads, social, grids, clock, retentionMs, gate } = deps
  const fingerprintKey = deriveKey(deps.secret, 'activity-fingerprints')
  const rate = (count: number) => ({ count: deps.rateLimits ? count : 0, windowMs: hourMs })
  const snap = grids.places.snap
  const attendees = createAttendees(deps)

  /** Of what was asked, as far as it is kept: two positions in one cell are the same wish. */
  function fingerprintOf({ title, emoji, startsAt, lifetimeMinutes, capacity }: NewActivity, cellId: string): string {
    const asked = [title, emoji, cellId, startsAt?.getTime() ?? null, lifetimeMinutes ?? null, capacity ?? null]
    return createHmac('sha256', fingerprintKey).update(JSON.stringify(asked)).digest('base64url')
  }

  /** The activity of an outcome, or its refusal. */
  function settled(outcome: Outcome): Activity {
    if (outcome.kind === 'done' && outcome.activity.state !== 'REMOVED') return outcome.activity
    if (outcome.kind === 'wait') throw new RateLimitedError(outcome.retryAfterMs)
    if (outcome.kind === 'over') throw new ActivityOverError()
    if (outcome.kind === 'full') throw new ActivityFullError()
    if (outcome.kind === 'host') throw new HostCannotLeaveError()
    throw new NotFoundError()
  }

  async function load(viewerId: string, ids: readonly string[]): Promise<(Activity | null)[]> {
    const known = ids.filter(isId)
    if (known.length === 0) return ids.map(() => null)
    const [hidden, found] = await Promise.all([social.hiddenFrom(viewerId), reads.load(known)])
    const shown = new Map(
      found.flatMap((activity) =>
        activity && isShown(activity, viewerId) && !hidden.has(activity.hostId) ? [[activity.id, activity]] : [],
      ),
    )
    return ids.map((id) => shown.get(id) ?? null)
  }

  /** One that the viewer hosts: to others it is not there, or not theirs. */
  async function hosted(personId: string, id: string): Promise<Activity> {
    const [activity] = await load(personId, [id])
    if (!activity) throw new NotFoundError()
    if (activity.hostId !== personId) throw new ForbiddenError()
    return activity
  }

  async function person(personId: string) {
    const [apart, [audience = 'NOBODY']] = await Promise.all([
      social.hiddenFrom(personId),
      social.audienceOf([personId]),
    ])
    return { personId, apart, audience }
  }

  async function seats(viewerId: string, ids: readonly string[]): Promise<boolean[]> {
    return ids.length === 0 ? [] : reads.seats(ids, viewerId)
  }

  /** Names an attempt that has no client id: the same wish again is the same attempt. */
  const attemptOf = (wish: unknown[]) =>
    createHmac('sha256', fingerprintKey).update(JSON.stringify(wish)).digest('base64url')

  function checkedId(id: string): string {
    if (!isId(id)) throw new NotFoundError()
    return id
  }

  return {
    async create(personId, input) {
      const nowMs = clock.now()
      const { fields, cell, endsAtMs, late } = plan(input, snap, nowMs)
      const keepMs = endsAtMs + retentionMs - nowMs
      const area = areaOf(cell)
      const fingerprint = fingerprintOf(input, cell.id)
      const { clientId, title } = { ...input, ...fields }
      const wish = { personId, clientId, id: createIdIn(area, nowMs), fingerprint, nowMs, rate: rate(limits.create) }
      // What is refused claims nothing: the same client id may be used again. What was made before is found, whatever holds its maker back now.
      const [known, asked] = await Promise.all([
        store.claim({ ...wish, keepMs: 0 }),
        late
          ? { error: late }
          : outcomeOf(gate.ask({ surface: 'ACTIVITY', personId, attempt: clientId, texts: [title] })),
      ])
      if ('error' in asked && known.kind === 'known' && known.fingerprint === fingerprint) {
        const [made] = await load(personId, [known.id])
        if (made) return made
        throw late ? new NotFoundError() : asked.error
      }
      const isNew = known.kind === 'new'
      const passed = isNew || !('error' in asked) ? resultOf(asked) : undefined
      const [claim] = await Promise.all([
        isNew ? store.claim({ ...wish, keepMs }) : known,
        store.touchArea(area, endsAtMs + retentionMs),
      ])
      if (claim.kind === 'wait') throw new RateLimitedError(claim.retryAfterMs)
      if ((claim.kind === 'known' && claim.fingerprint !== fingerprint) || !passed) throw new IdempotencyMismatchError()
      const kept = { ...fields, title: passed.texts[0] ?? title, ...hiding(passed.hiddenBy) }
      const activity = settled(await store.create(claim.id, nowMs, keepMs, { host: personId, ...kept }))
      passed.written({ kind: 'ACTIVITY', id: activity.id })
      return activity
    },

    async update(personId, id, changes) {
      const title = changes.title == null ? null : checkedTitle(changes.title)
      const texts = title === null ? [] : [title]
      const attempt = attemptOf([checkedId(id), changes])
      const asking = outcomeOf(gate.ask({ surface: 'ACTIVITY', personId, attempt, texts }))
      for (let tries = 0; tries < editTries; tries += 1) {
        const edits = await reads.edits(id)
        const activity = await hosted(personId, id)
        const nowMs = clock.now()
        planned(activity, changes, snap, nowMs)
        const passed = resultOf(await asking)
        const { hiddenBy } = passed
        const fields = planned(activity, { ...changes, title: passed.texts[0] ?? title }, snap, nowMs)
        if (fields.endsAt !== undefined) await store.touchArea(areaOfId(id), fields.endsAt + retentionMs)
        const edited = await store.edit(id, nowMs, personId, { edits, hiddenBy }, fields)
        if (edited.kind === 'edited') {
          passed.written({ kind: 'ACTIVITY', id })
          return edited.activity
        }
        if (edited.kind === 'seats') throw new CapacityBelowJoinsError(edited.joins)
        if (edited.kind === 'over') throw new ActivityOverError()
        if (edited.kind === 'none') throw new NotFoundError()
      }
      throw new UnavailableError()
    },

    async cancel(personId, id) {
      const outcome = await store.cancel(checkedId(id), clock.now(), personId)
      if (outcome.kind === 'none') await hosted(personId, id)
      return settled(outcome)
    },

    async join(personId, id, displayName) {
      const name = checkedName(displayName)
      const attempt = attemptOf([checkedId(id), name])
      const [who, asked] = await Promise.all([
        person(personId),
        name === null
          ? { value: null }
          : outcomeOf(gate.ask({ surface: 'ACTIVITY_MESSAGE', personId, attempt, texts: [name] })),
      ])
      const passed = 'error' in asked ? null : asked.value
      const joining = { ...who, rate: rate(limits.join), displayName: passed?.texts[0] ?? name }
      const more = { refused: 'error' in asked, hiddenBy: passed?.hiddenBy ?? null }
      const outcome = await store.join(id, clock.now(), { ...joining, ...more })
      if (outcome.kind === 'refused' && 'error' in asked) throw asked.error
      const activity = settled(outcome)
      passed?.written({ kind: 'DEVICE', id: personId })
      return activity
    },

    async leave(personId, id) {
      return settled(await store.leave(checkedId(id), clock.now(), await person(personId)))
    },

    async flag(personId, id, reason) {
      const apart = await social.hiddenFrom(personId)
      const flagging = { personId, apart, rate: rate(limits.flag) }
      const outcome = await store.flag(checkedId(id), clock.now(), flagging, reason)
      if (outcome.kind === 'wait') throw new RateLimitedError(outcome.retryAfterMs ?? 0)
      if (outcome.kind === 'none') throw new NotFoundError()
      if (outcome.kind === 'over') throw new ActivityOverError()
      if (outcome.kind === 'host') throw new BadUserInputError('You cannot flag what you host.', 'activityId')
    },

    load,
    gatherings: reads.gatherings,
    nowMs: clock.now,

    seats,

    ...createNearby(deps),
    ...createClusters(deps),
    ...attendees,
    ...createChat({ ...deps, attendeeId: attendees.attendeeId }),
    ...createWatching({ ...deps, load, seats }),
    ...createProjecting(deps),
    ...createActivitySubjects({ ...deps, load }),
  }
}
