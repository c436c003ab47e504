import { type Area, areaOfId, areaSlot } from '../../platform/geo/index.ts'
import type { RedisConnections } from '../../platform/redis.ts'

/**
 * What belongs to one activity, `<name>:<id>` beside its record. Each of these ends with the record, never later: whoever makes
 * one gives it the record's PTTL, and the script that moves the record's end moves all that are named here. The event log of
 * the activity lives with the record by itself.
 */
export const activityChildren = [
  /** Person → when they joined, ascending and never twice the same. */
  'attendees',
  /** Person → the name they want to be shown by. */
  'names',
  /** Person → a name that they alone are shown by, after the cause that hides it from others and a space. */
  'aliases',
  /** Person who flagged it → their reason. */
  'flags',
  /** Everybody who ever had to do with it, also those who left: what to look through when one of them is erased. */
  'people',
  /** The messages kept, oldest first, as JSON. */
  'chat',
  /** Seq of a message that not everybody may see → its state, a space and the cause; see `content.lua.ts`. Those not kept any more too. */
  'unseen',
  /** `person clientId` → what they said with it, but for the text. */
  'clients',
  /** Person, with `alone` after it where only they are to know → when they were last heard of, milliseconds. */
  'seen',
  /** Who types. */
  'typing',
] as const

/** After the name of who was heard of by nobody but themselves. */
export const alone = ' alone'

/** Keys of the activities of one area. Everything of an area shares its slot; scripts derive what is not declared from `prefix`. */
export function activityKeys(redis: RedisConnections, area: Area) {
  const prefix = redis.key('activities', `{${areaSlot(area)}}`, '')
  return {
    prefix,
    /** The record, a hash. It ends `ACTIVITY_RETENTION_SECONDS` after the activity. */
    activity: (id: string) => `${prefix}activity:${id}`,
    child: (name: (typeof activityChildren)[number], id: string) => `${prefix}${name}:${id}`,
    /** Geo index whose members are the cards of the activities that are not over, as far as has been swept. */
    index: `${prefix}index`,
    /** The same activities by when they end, milliseconds. */
    ends: `${prefix}ends`,
    /** Those that are over by when everything of them is erased, milliseconds. */
    erase: `${prefix}erase`,
    /** What Postgres is still to be told: event → the counts, and messages, of its activity that is over. */
    ended: `${prefix}ended`,
    /** Those that have not begun, as far as has been swept, by when they start. */
    starts: `${prefix}starts`,
    /** Tile `x:y` → how many activities everybody may see there. */
    clusters: (level: number) => `${prefix}clusters:${level}`,
    /** Ids of the activities that a person hosts here, */
    hosting: (personId: string) => `${prefix}hosting:${personId}`,
    /** and of those that they ever had to do with, left ones too. */
    joined: (personId: string) => `${prefix}joined:${personId}`,
    /** That an activity was made, until a repeated create cannot come any more. Says nothing else of it. */
    made: (id: string) => `${prefix}made:${id}`,
    rate: (name: string, personId: string) => `${prefix}rate:${name}:${personId}`,
  }
}

/** The keys of the area that an activity's id names. */
export const keysOf = (redis: RedisConnections, id: string) => activityKeys(redis, areaOfId(id))
