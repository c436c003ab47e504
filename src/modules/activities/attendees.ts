// Invariant: inside one activity people have names that lead nowhere else, and who hides is on no list.
import { NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { PersonIds } from '../../platform/person-ids.ts'
import type { SocialService } from '../social/index.ts'
import type { Activity } from './card.ts'
import { timeCursor, timePlace } from './cursors.ts'
import type { ActivityReads } from './reads.ts'

export interface Attendee {
  /** The same to everybody in this activity, and nowhere else. */
  id: string
  activityId: string
  personId: string
  displayName: string | null
  joinedAt: Date
  isHost: boolean
}

export interface AttendeePage {
  edges: { cursor: string; node: Attendee }[]
  hasNextPage: boolean
}

export interface Attendees {
  /** What a person is called inside an activity. */
  attendeeId(activityId: string, personId: string): string
  /** Whom somebody means who has a part in an activity. Refuses others, and what is nobody's name there, with NOT_FOUND. */
  attendeeNamed(viewerId: string, activityId: string, attendeeId: string): Promise<string>
  /**
   * The host, then who joined, in this order; whom the viewer may not be shown is left out. Null for a viewer who has no part in it. Refuses
   * cursors of other lists.
   */
  attendees(
    viewerId: string,
    activity: Activity,
    page: { first: number; after?: string | null | undefined },
  ): Promise<AttendeePage | null>
}

const batch = 100

export function createAttendees(deps: {
  reads: ActivityReads
  social: SocialService
  personIds: PersonIds
}): Attendees {
  const { reads, social, personIds } = deps

  // An activity knows people by names of its own, as every viewer does outside.
  const attendeeId = (activityId: string, personId: string) => personIds.of(activityId, [personId])[0] ?? ''

  return {
    attendeeId,

    async attendeeNamed(viewerId, activityId, name) {
      const part = isId(activityId) ? await reads.attendees(activityId, viewerId, undefined, 0) : undefined
      const personId = part && personIds.open(activityId, name)
      if (!personId) throw new NotFoundError()
      return personId
    },

    async attendees(viewerId, { id, hostId, createdAtMs }, { first, after }) {
      const list = `attendees ${viewerId} ${id}`
      let from = after ? timePlace(list, after) : undefined
      const shown: AttendeePage['edges'] = []
      for (;;) {
        const rows = await reads.attendees(id, viewerId, from, batch)
        if (rows === undefined) return null
        // The host comes before everybody, at no time.
        const people = from === undefined ? [{ personId: hostId, joinedAt: 0, displayName: null }, ...rows] : rows
        const visible = await social.visible(
          viewerId,
          people.map(({ personId }) => personId),
        )
        for (const [i, { personId, joinedAt, displayName }] of people.entries()) {
          if (!visible[i]) continue
          if (shown.length === first) return { edges: shown, hasNextPage: true }
          const isHost = personId === hostId
          const joinedAtDate = new Date(Math.floor(isHost ? createdAtMs : joinedAt))
          const node = {
            id: attendeeId(id, personId),
            activityId: id,
            personId,
            displayName,
            joinedAt: joinedAtDate,
            isHost,
          }
          shown.push({ cursor: timeCursor(list, joinedAt), node })
        }
        if (rows.length < batch) return { edges: shown, hasNextPage: false }
        from = rows.at(-1)?.joinedAt
      }
    },
  }
}
