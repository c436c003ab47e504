import type { ContentState } from '../enforcement/index.ts'
import type { EventFields } from './rules.ts'
import type { EventStatus } from './state.ts'

/** An event as it is stored. */
export interface EventRow extends EventFields {
  id: string
  venueId: string
  ownerId: string
  clientId: string
  fingerprint: string
  status: EventStatus
  version: number
  joins: number | null
  messages: number | null
  createdAt: Date
  publishedAt: Date | null
  cancelledAt: Date | null
  archivedAt: Date | null
  contentState: ContentState
}

export const eventColumns = `e.id, e.venue_id as "venueId", e.owner_id as "ownerId", e.client_id as "clientId", e.fingerprint, e.title, e.emoji, e.description, e.status,
  e.starts_at as "startsAt", e.ends_at as "endsAt", e.capacity, e.archive_messages as "archiveMessages", e.version, e.joins, e.messages,
  e.created_at as "createdAt", e.published_at as "publishedAt", e.cancelled_at as "cancelledAt", e.archived_at as "archivedAt", e.content_state as "contentState"`
