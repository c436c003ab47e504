import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { type Area, areaOfId } from '../../platform/geo/index.ts'
import { takeLua } from '../../platform/rate-limit.ts'
import type { RedisConnections, Script } from '../../platform/redis.ts'
import type { ContentState } from '../enforcement/index.ts'
import { surroundingsKey, surroundingsTopic } from '../presence/index.ts'
import type { Audience } from '../social/index.ts'
import { type Activity, type ActivityKind, cardOf, contentStates } from './card.ts'
import { revealLua, setMessageStateLua, setStateLua } from './content.lua.ts'
import { claimBody, createLua } from './create.lua.ts'
import { cancelLua, editLua, projectLua } from './edit.lua.ts'
import { activityEvents } from './events.ts'
import { flagLua } from './flag.lua.ts'
import { joinLua, leaveLua } from './join.lua.ts'
import { activityKeys, keysOf } from './keys.ts'

/** Fields of a record as Redis keeps them; what is not named stays. */
export interface RecordFields {
  host?: string
  kind?: ActivityKind
  title?: string
  emoji?: string
  cell?: string
  /** The published place. */
  lat?: number
  lon?: number
  /** The cell's centre, by which it is found, */
  x?: number
  y?: number
  /** and the finest tile that holds it. */
  tileX?: number
  tileY?: number
  startsAt?: number
  endsAt?: number
  createdAt?: number
  /** 0: as many as come. */
  capacity?: number
  venueId?: string
  eventId?: string
  archive?: number
  /** Who may see it by what it says itself, and by what its event is: see `content.lua.ts`. `hidden` is the greater one. */
  state?: number
  placeState?: number
  hidden?: number
  hiddenBy?: string
}

export interface Rate {
  /** 0: no limit. */
  count: number
  windowMs: number
}

export type Claim =
  | { kind: 'new'; id: string }
  | { kind: 'known'; id: string; fingerprint: string }
  | { kind: 'wait'; retryAfterMs: number }

export type Refused = { kind: 'none' | 'over' | 'full' | 'host' | 'stale' | 'gone' | 'refused' }
export type Outcome = { kind: 'done'; activity: Activity } | { kind: 'wait'; retryAfterMs: number } | Refused

/** What a record keeps of an activity whose people are hidden from a person, in one text. */
const named = (people: ReadonlySet<string>) => [...people].join(' ')

/** An area is swept so much longer than anything is due there: no sweep may have run for a while. */
const visitedAfterMs = 24 * 60 * 60 * 1000
/** Longer than the furthest event ahead. */
const areasKeepMs = 120 * visitedAfterMs

export type ActivityStore = ReturnType<typeof createActivityStore>

/** Everything that changes an activity. Each operation is one script in its area. */
export function createActivityStore(deps: { redis: RedisConnections; delivery: DeliveryEngine; retentionMs: number }) {
  const { redis, delivery, retentionMs } = deps
  const areas = redis.key('activities', 'areas')
  const claimScript = redis.script('vicinityClaimActivity', `${takeLua}${claimBody}`)
  const createScript = redis.script('vicinityCreateActivity', createLua)
  const editScript = redis.script('vicinityEditActivity', editLua)
  const cancelScript = redis.script('vicinityCancelActivity', cancelLua)
  const projectScript = redis.script('vicinityProjectActivity', projectLua)
  const joinScript = redis.script('vicinityJoinActivity', joinLua)
  const leaveScript = redis.script('vicinityLeaveActivity', leaveLua)
  const setStateScript = redis.script('vicinitySetActivityState', setStateLua)
  const setMessageStateScript = redis.script('vicinitySetActivityMessageState', setMessageStateLua)
  const revealScript = redis.script('vicinityRevealActivity', revealLua)
  const flagScript = redis.script('vicinityFlagActivity', flagLua)

  function run(script: Script, id: string, nowMs: number, own: (string | number)[]): Promise<unknown> {
    const { prefix, activity } = keysOf(redis, id)
    const surroundings = delivery.log.base(surroundingsTopic, surroundingsKey(areaOfId(id)))
    const events = delivery.log.base(activityEvents, id)
    const log = delivery.log.appendArgs(surroundingsTopic)
    const head = [prefix, id, nowMs, retentionMs, surroundings, events, ...log, activityEvents.maxLength]
    return script([activity(id)], [...head, ...own])
  }

  async function outcome(script: Script, id: string, nowMs: number, own: (string | number)[]): Promise<Outcome> {
    const [kind, answer = ''] = (await run(script, id, nowMs, own)) as [string, (string | number)?]
    if (kind === 'wait') return { kind, retryAfterMs: Number(answer) }
    if (['none', 'over', 'full', 'host', 'stale', 'gone', 'refused'].includes(kind)) return { kind } as Refused
    return { kind: 'done', activity: cardOf(String(answer)) }
  }

  const pairs = (fields: RecordFields) => Object.entries(fields).flat() as (string | number)[]

  return {
    /** Runs a script that begins with `recordLua`: what is beside this file, in the same manner. */
    run,

    /** What a client id of a person stands for. Their rate counts new ones only. */
    async claim(request: {
      personId: string
      clientId: string
      id: string
      fingerprint: string
      keepMs: number
      nowMs: number
      rate: Rate
    }): Promise<Claim> {
      const { personId, clientId, id, fingerprint, keepMs, nowMs, rate } = request
      const key = (...parts: string[]) => redis.key('activities', `{${personId}}`, ...parts)
      const [kind, known, with_] = (await claimScript(
        [key('client', clientId), key('creates')],
        [id, fingerprint, keepMs, nowMs, rate.count, rate.windowMs],
      )) as ['known', string, string] | ['wait', number] | ['new', string]
      if (kind === 'wait') return { kind, retryAfterMs: known }
      return kind === 'new' ? { kind, id } : { kind, id: known, fingerprint: String(with_) }
    },

    /** Makes it, or finds what this id made before. `keepMs`: for how long it may be asked for again. */
    create: (id: string, nowMs: number, keepMs: number, fields: RecordFields) =>
      outcome(createScript, id, nowMs, [keepMs, ...pairs(fields)]),

    /** `edits` is what the caller saw: see `ActivityReads.edited`; `hiddenBy` what hides it from now on. */
    async edit(
      id: string,
      nowMs: number,
      hostId: string,
      { edits, hiddenBy }: { edits: number; hiddenBy: string | null },
      fields: RecordFields,
    ) {
      const own = [hostId, edits, fields.capacity ?? '', hiddenBy ?? '', ...pairs(fields)]
      const reply = (await run(editScript, id, nowMs, own)) as
        | ['edited', string]
        | ['seats', number]
        | ['none' | 'over' | 'stale']
      if (reply[0] === 'seats') return { kind: reply[0], joins: reply[1] }
      if (reply[0] === 'edited') return { kind: reply[0], activity: cardOf(reply[1]) }
      return { kind: reply[0] }
    },

    /** `unseen`: also if nobody may see it any more. */
    cancel: (id: string, nowMs: number, hostId: string, unseen = false) =>
      outcome(cancelScript, id, nowMs, [hostId, unseen ? 1 : '']),

    /** Whether it is there: who may see it from now on, and why. */
    async setState(id: string, nowMs: number, state: ContentState, by: string): Promise<boolean> {
      return (await run(setStateScript, id, nowMs, [contentStates.indexOf(state), by])) === 1
    },

    /** The same for a message. */
    async setMessageState(id: string, nowMs: number, seq: number, state: ContentState, by: string): Promise<boolean> {
      return (await run(setMessageStateScript, id, nowMs, [seq, contentStates.indexOf(state), by])) === 1
    },

    /** Shows what a cause hides of a person in an activity, and tells how much that was. */
    async reveal(id: string, nowMs: number, personId: string, by: string): Promise<number> {
      return Number(await run(revealScript, id, nowMs, [personId, by]))
    },

    /** What a person hosts and joined in an area, over or not, as long as anything of it is there. */
    async involving(area: Area, personId: string): Promise<string[]> {
      const { hosting, joined } = activityKeys(redis, area)
      return redis.run((client) => client.sunion(hosting(personId), joined(personId)))
    },

    /** True if the event is newer than what was known of it. */
    async project(id: string, nowMs: number, version: number, cancelled: boolean, fields: RecordFields) {
      const own = [version, cancelled ? 1 : 0, ...pairs(fields)]
      return (await run(projectScript, id, nowMs, own)) === 'projected'
    },

    join(id: string, nowMs: number, person: Joining): Promise<Outcome> {
      const { personId, apart, rate, audience, displayName, refused, hiddenBy } = person
      const own = [personId, named(apart), rate.count, rate.windowMs, audience, displayName ?? '', refused ? 1 : '']
      own.push(hiddenBy ?? '')
      return outcome(joinScript, id, nowMs, own)
    },

    leave: (id: string, nowMs: number, person: Pick<Joining, 'personId' | 'apart' | 'audience'>) =>
      outcome(leaveScript, id, nowMs, [person.personId, named(person.apart), person.audience]),

    /** One flag of one person. */
    async flag(id: string, nowMs: number, person: Pick<Joining, 'personId' | 'apart' | 'rate'>, reason: string) {
      const own = [person.personId, named(person.apart), person.rate.count, person.rate.windowMs, reason]
      const [kind, wait] = (await run(flagScript, id, nowMs, own)) as [
        'flagged' | 'none' | 'over' | 'host' | 'wait',
        number?,
      ]
      return kind === 'wait' ? { kind, retryAfterMs: Number(wait) } : { kind }
    },

    /** That an area has activities until then, so that a sweep visits it. Told before anything is made there. */
    async touchArea(area: Area, untilMs: number): Promise<void> {
      await redis.run((client) =>
        Promise.all([client.zadd(areas, 'GT', untilMs, area), client.pexpire(areas, areasKeepMs)]),
      )
    },

    areasKey: areas,

    /** Every area that may have activities, or what is left of them. */
    async areas(): Promise<Area[]> {
      const found = await redis.run((client) => client.zrange(areas, 0, -1))
      return found.map(Number)
    },

    keysIn: (area: Area) => activityKeys(redis, area),
  }
}

export interface Joining {
  personId: string
  /** Everybody hidden from them. */
  apart: ReadonlySet<string>
  rate: Rate
  audience: Audience
  displayName: string | null
  /** Whether the name may not be written: only who has a seat already gets an answer. */
  refused: boolean
  /** What hides the name from others. */
  hiddenBy: string | null
}
