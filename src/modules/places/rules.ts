import { createHash } from 'node:crypto'
import { BadUserInputError } from '../../platform/errors.ts'
import { checkedMapLatitude } from '../../platform/geo/errors.ts'
import { checkedEmoji, checkedText } from '../../platform/text.ts'

const hourMs = 60 * 60 * 1000
/** What is on the live map lives no longer than a day. */
export const longestMs = 24 * hourMs
export const furthestDays = 90
export const mostSeats = 10_000

export interface VenueFields {
  name: string
  address: string | null
  description: string | null
  latitude: number
  longitude: number
  campusId: string | null
}

export interface EventFields {
  title: string
  emoji: string
  description: string | null
  startsAt: Date
  endsAt: Date
  capacity: number | null
  archiveMessages: boolean
}

const optional = (value: string | null, field: string, max: number) =>
  value === null ? null : checkedText(value, { min: 0, max, field, lines: true }) || null

type Given<Fields> = { [Name in keyof Fields]?: Fields[Name] | null | undefined }

/** Of what is given, what people read: each under its name. */
export function textsOf(fields: object): Texts {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => typeof value === 'string' && isText.has(name)),
  )
}

interface Texts {
  name?: string
  address?: string
  title?: string
  description?: string
}

const isText: ReadonlySet<string> = new Set(['name', 'address', 'title', 'description'])

/** The same texts as they may be kept, given in the same order. */
export const named = (texts: Texts, kept: readonly string[]): Texts =>
  Object.fromEntries(Object.entries(texts).map(([name, text], i) => [name, kept[i] ?? text]))

/** What is given of a venue's texts, as it may be kept. */
export function checkedVenueTexts({ name, address, description }: Given<VenueFields>) {
  return {
    ...(name == null ? {} : { name: checkedName(name) }),
    ...(address == null ? {} : { address: checkedAddress(address) }),
    ...(description == null ? {} : { description: checkedDescription(description) }),
  }
}

/** What is given of an event's texts, as it may be kept. */
export function checkedEventTexts({ title, description }: Given<EventFields>) {
  return {
    ...(title == null ? {} : { title: checkedTitle(title) }),
    ...(description == null ? {} : { description: checkedDescription(description) }),
  }
}

const checkedName = (text: string) => checkedText(text, { min: 1, max: 80, field: 'name' })
const checkedTitle = (text: string) => checkedText(text, { min: 1, max: 50, field: 'title' })
const checkedAddress = (text: string | null) => optional(text, 'address', 200)
const checkedDescription = (text: string | null) => optional(text, 'description', 1000)

/** A venue as it may be kept. Refuses text by `checkedText`, and places that the live map does not reach. */
export function checkedVenue(fields: VenueFields): VenueFields {
  return {
    ...fields,
    name: checkedName(fields.name),
    address: checkedAddress(fields.address),
    description: checkedDescription(fields.description),
    latitude: checkedMapLatitude(fields.latitude),
  }
}

/** An event as it may be kept, whatever the time is. */
export function checkedEvent(fields: EventFields): EventFields {
  const { startsAt, endsAt, capacity } = fields
  const lastsMs = endsAt.getTime() - startsAt.getTime()
  if (lastsMs <= 0) throw new BadUserInputError('`endsAt` is after `startsAt`.', 'endsAt')
  if (lastsMs > longestMs)
    throw new BadUserInputError('An event lasts at most 24 hours, like everything on the live map.', 'endsAt')
  if (capacity !== null && (capacity < 1 || capacity > mostSeats))
    throw new BadUserInputError(`\`capacity\` is 1 to ${mostSeats}, or null for no limit.`, 'capacity')
  return {
    ...fields,
    title: checkedTitle(fields.title),
    emoji: checkedEmoji(fields.emoji),
    description: checkedDescription(fields.description),
  }
}

/** Refuses a start that is further away than anybody plans. */
export function checkAhead({ startsAt }: Pick<EventFields, 'startsAt'>, nowMs: number): void {
  if (startsAt.getTime() > nowMs + furthestDays * 24 * hourMs)
    throw new BadUserInputError(`An event starts at most ${furthestDays} days ahead.`, 'startsAt')
}

/** What people are shown starts later than now. */
export function checkNotBegun({ startsAt }: Pick<EventFields, 'startsAt'>, nowMs: number): void {
  if (startsAt.getTime() < nowMs) throw new BadUserInputError('The start is in the past.', 'startsAt')
}

/** Tells inputs apart without keeping them. */
export function fingerprintOf(input: object): string {
  const sorted = Object.entries(input).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url')
}

/** `changes` over `fields`: what is not named stays; a null clears what may be empty and changes nothing else. */
export function changed<Fields extends object>(
  fields: Fields,
  changes: { [Name in keyof Fields]?: Fields[Name] | null | undefined },
  clearable: readonly (keyof Fields)[],
): Fields {
  const named = Object.entries(changes) as [keyof Fields, unknown][]
  const taken = named.filter(([name, value]) => value !== undefined && (value !== null || clearable.includes(name)))
  return { ...fields, ...Object.fromEntries(taken) }
}
