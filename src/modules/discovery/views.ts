import { type Cell, distanceMeters } from '../../platform/geo/index.ts'
import { quietMeters } from '../activities/index.ts'
import { bandBetween, type CellBand, isWithin } from '../presence/index.ts'
import { type Audience, maySee } from '../social/index.ts'

/** Where a viewer looks from: the cell for people, and the cell for activities. */
export interface Outlook {
  cell: Cell
  near: Cell
}

/** Who looks: how far, and whom a block keeps from them. */
export interface Looker {
  viewerId: string
  radius: CellBand
  apart: ReadonlySet<string>
}

/** A person in a cell, as far as an audience may know. */
export interface PersonAt {
  cell: Cell
  audience: Audience
}

/** An activity in a cell. While it is quiet, only who is near is shown it; while it is hidden, only its host. */
export interface ActivityAt {
  host: string
  cell: Cell
  quiet: boolean
  version: number
  hidden?: boolean
}

/** What a viewer is shown of somebody or something inside their fence. */
export interface View {
  band: CellBand
  /** Of an activity: another one, another content. */
  version?: number
}

/** Two bands, the nearer one. */
const nearer = (a: CellBand | undefined, b: CellBand | undefined) => (a && b ? (isWithin(a, b) ? a : b) : (a ?? b))

/** The band of two cells if it is within a radius. */
export function bandWithin(a: Cell, b: Cell, radius: CellBand): CellBand | undefined {
  const band = bandBetween(a, b)
  return band && isWithin(band, radius) ? band : undefined
}

/** What is shown of a person, who stands in two areas at once for a moment when they cross from one into the other. */
export function viewOfPerson(
  who: Looker,
  from: Outlook | undefined,
  personId: string,
  places: readonly PersonAt[],
): View | undefined {
  if (!from || personId === who.viewerId) return undefined
  let band: CellBand | undefined
  for (const { cell, audience } of places)
    if (maySee(who.viewerId, who.apart, personId, audience))
      band = nearer(band, bandWithin(from.cell, cell, who.radius))
  return band && { band }
}

/** Whether what nobody has joined is shown in one cell to whoever is in another. */
export const isQuietNear = (near: Cell, cell: Cell) => distanceMeters(near, cell) <= quietMeters

/** What is shown of an activity: what a host publishes obeys blocks only, and one's own is always shown. */
export function viewOfActivity(
  who: Looker,
  from: Outlook | undefined,
  activity: ActivityAt | undefined,
): View | undefined {
  if (!from || !activity) return undefined
  const own = activity.host === who.viewerId
  if (!own && (activity.hidden || who.apart.has(activity.host))) return undefined
  const band = bandWithin(from.near, activity.cell, who.radius)
  if (!band) return undefined
  if (activity.quiet && !own && !isQuietNear(from.near, activity.cell)) return undefined
  return { band, version: activity.version }
}

export const isSameView = (a: View | undefined, b: View | undefined) => a?.band === b?.band && a?.version === b?.version
