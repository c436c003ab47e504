import { BadUserInputError } from '../../platform/errors.ts'
import { areaOf, type Cell, checkedMapLatitude, distanceMeters, type Position } from '../../platform/geo/index.ts'
import { checkedEmoji, checkedText } from '../../platform/text.ts'
import type { Activity } from './card.ts'
import { ActivityStartedError, PlaceTooFarError } from './errors.ts'
import { stateOf } from './state.ts'
import type { RecordFields } from './store.ts'
import { finestLevel, tileOf } from './tiles.ts'

export interface NewActivity extends Position {
  clientId: string
  title: string
  emoji: string
  startsAt?: Date | null | undefined
  lifetimeMinutes?: number | null | undefined
  capacity?: number | null | undefined
}

/** What is not named stays; a capacity of null lifts the limit. */
export type ActivityChanges = {
  [Name in Exclude<keyof NewActivity, 'clientId'>]?: NewActivity[Name] | null | undefined
}

const lifetimeMinutes = { default: 360, max: 1440 }
const capacityAtMost = 10_000
const titleAtMost = 50
const displayNameAtMost = 40
const aheadMs = 24 * 60 * 60 * 1000
/** How far a phone's clock may be behind when it says "now". */
const skewMs = 60_000
const moveMeters = 10_000
const minuteMs = 60_000

export const checkedTitle = (title: string) => checkedText(title, { min: 1, max: titleAtMost, field: 'title' })

export const checkedName = (name: string | null | undefined) =>
  name == null ? null : checkedText(name, { min: 1, max: displayNameAtMost, field: 'displayName' })

function checkedCapacity(capacity: number | null): number {
  if (capacity !== null && !(Number.isInteger(capacity) && capacity >= 1 && capacity <= capacityAtMost))
    throw new BadUserInputError(`\`capacity\` is 1 to ${capacityAtMost}.`, 'capacity')
  return capacity ?? 0
}

function checkedLifetime(minutes: number): number {
  if (!(Number.isInteger(minutes) && minutes >= 1 && minutes <= lifetimeMinutes.max))
    throw new BadUserInputError(`\`lifetimeMinutes\` is 1 to ${lifetimeMinutes.max}.`, 'lifetimeMinutes')
  return minutes * minuteMs
}

/** A start that may be chosen now. */
function startFault(startsAtMs: number, nowMs: number, createdAtMs: number): BadUserInputError | undefined {
  if (startsAtMs >= nowMs - skewMs && startsAtMs <= createdAtMs + aheadMs) return undefined
  return new BadUserInputError('An activity starts now or within 24 hours of being made.', 'startsAt')
}

/** Where an activity is, for its record: what is published is the cell, or a position that is public anyway. */
export function placed(cell: Cell, published: Position = cell): RecordFields {
  const { x: tileX, y: tileY } = tileOf(published, finestLevel)
  return {
    ...{ cell: cell.id, lat: published.latitude, lon: published.longitude },
    ...{ x: cell.longitude, y: cell.latitude, tileX, tileY },
  }
}

export interface Plan {
  fields: RecordFields & { title: string }
  cell: Cell
  endsAtMs: number
  /** Why it could not be asked for at this moment, though it could have been before. */
  late: BadUserInputError | undefined
}

/** What a new activity will be. Refuses with BAD_USER_INPUT whatever could at no time be asked for. */
export function plan(input: NewActivity, snap: (position: Position) => Cell, nowMs: number): Plan {
  const { latitude, longitude, startsAt, lifetimeMinutes: minutes, capacity } = input
  const [title, emoji] = [checkedTitle(input.title), checkedEmoji(input.emoji)]
  const cell = snap({ latitude: checkedMapLatitude(latitude), longitude })
  const startsAtMs = startsAt?.getTime() ?? nowMs
  const endsAtMs = startsAtMs + checkedLifetime(minutes ?? lifetimeMinutes.default)
  const over = endsAtMs <= nowMs ? new BadUserInputError('This would be over already.', 'lifetimeMinutes') : undefined
  return {
    ...{ cell, endsAtMs, late: startFault(startsAtMs, nowMs, nowMs) ?? over },
    fields: {
      ...{ kind: 'SPONTANEOUS', title, emoji, ...placed(cell), startsAt: startsAtMs, endsAt: endsAtMs },
      ...{ createdAt: nowMs, capacity: checkedCapacity(capacity ?? null) },
    },
  }
}

/** What a host's changes write. Refuses what is out of its range, another start of what has begun, and a move too far. */
export function planned(
  activity: Activity,
  changes: ActivityChanges,
  snap: (position: Position) => Cell,
  nowMs: number,
): RecordFields {
  const { title, emoji, latitude, longitude, startsAt, lifetimeMinutes: minutes, capacity } = changes
  const fields: RecordFields = {}
  if (title != null) fields.title = checkedTitle(title)
  if (emoji != null) fields.emoji = checkedEmoji(emoji)
  if (capacity !== undefined) fields.capacity = checkedCapacity(capacity)
  if ((latitude == null) !== (longitude == null))
    throw new BadUserInputError('A place is a latitude and a longitude.', latitude == null ? 'latitude' : 'longitude')
  if (latitude != null && longitude != null) {
    const cell = snap({ latitude: checkedMapLatitude(latitude), longitude })
    if (
      areaOf(cell) !== areaOf({ latitude: activity.latitude, longitude: activity.longitude }) ||
      distanceMeters(cell, activity) > moveMeters
    )
      throw new PlaceTooFarError(moveMeters)
    Object.assign(fields, placed(cell))
  }
  if (startsAt != null || minutes != null) {
    const startsAtMs = startsAt?.getTime() ?? activity.startsAtMs
    if (startsAtMs !== activity.startsAtMs) {
      if (stateOf(activity, nowMs) !== 'SCHEDULED') throw new ActivityStartedError()
      const fault = startFault(startsAtMs, nowMs, activity.createdAtMs)
      if (fault) throw fault
    }
    const lastsMs = minutes == null ? activity.endsAtMs - activity.startsAtMs : checkedLifetime(minutes)
    if (startsAtMs + lastsMs <= nowMs)
      throw new BadUserInputError('It would be over already: cancel it.', 'lifetimeMinutes')
    Object.assign(fields, { startsAt: startsAtMs, endsAt: startsAtMs + lastsMs })
  }
  return fields
}
