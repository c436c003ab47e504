import type { ContentState } from '../enforcement/index.ts'

export type ActivityKind = 'SPONTANEOUS' | 'VENUE'

/** An activity as every list needs it. */
export interface Activity {
  id: string
  hostId: string
  kind: ActivityKind
  title: string
  emoji: string
  /** Of the places grid. */
  cellId: string
  /** The place as it is published: the cell's centre, or a venue's own position. */
  latitude: number
  longitude: number
  startsAtMs: number
  endsAtMs: number
  createdAtMs: number
  /** Seats taken. The host has none. */
  joins: number
  capacity: number | null
  version: number
  cancelledAtMs: number | null
  state: ContentState
  venueId: string | null
  eventId: string | null
}

/** Who may see a thing, as records keep it. */
export const contentStates = ['VISIBLE', 'HIDDEN', 'REMOVED'] as const satisfies ContentState[]

/** The order in which Lua packs a record; see record.lua.ts. */
export type Card = [
  id: string,
  hostId: string,
  kind: ActivityKind,
  title: string,
  emoji: string,
  cellId: string,
  latitude: number,
  longitude: number,
  startsAtMs: number,
  endsAtMs: number,
  createdAtMs: number,
  joins: number,
  capacity: number,
  version: number,
  cancelledAtMs: number,
  hidden: number,
  venueId: string,
  eventId: string,
]

export function unpacked(card: Card): Activity {
  return {
    id: card[0],
    hostId: card[1],
    kind: card[2],
    title: card[3],
    emoji: card[4],
    cellId: card[5],
    latitude: card[6],
    longitude: card[7],
    startsAtMs: card[8],
    endsAtMs: card[9],
    createdAtMs: card[10],
    joins: card[11],
    capacity: card[12] === 0 ? null : card[12],
    version: card[13],
    cancelledAtMs: card[14] === 0 ? null : card[14],
    state: contentStates[card[15]] ?? 'REMOVED',
    venueId: card[16] === '' ? null : card[16],
    eventId: card[17] === '' ? null : card[17],
  }
}

/** Whether somebody may see an activity, as far as it is not about blocks: what is hidden is its host's alone, and what is removed nobody's. */
export const isShown = ({ hostId, state }: Pick<Activity, 'hostId' | 'state'>, viewerId: string) =>
  state === 'VISIBLE' || (state === 'HIDDEN' && hostId === viewerId)

/** Whether an activity is for those around it only: nobody has joined what somebody just made up. */
export const isQuiet = ({ kind, joins }: Pick<Activity, 'kind' | 'joins'>) => kind === 'SPONTANEOUS' && joins === 0

/** An activity out of the text of its card. */
export const cardOf = (text: string): Activity => unpacked(JSON.parse(text) as Card)
