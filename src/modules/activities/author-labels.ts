import { createHmac } from 'node:crypto'
import { deriveKey } from '../../platform/derive-key.ts'

/** What somebody is called in the archive of an event: the same there, another elsewhere, and leading nowhere. */
export type AuthorLabel = (eventId: string, personId: string) => string

export function createAuthorLabel(secret: string): AuthorLabel {
  const key = deriveKey(secret, 'event-authors')
  return (eventId, personId) =>
    createHmac('sha256', key).update(`${eventId} ${personId}`).digest('base64url').slice(0, 22)
}
