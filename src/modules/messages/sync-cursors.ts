import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError } from '../../platform/errors.ts'

/** A place among what changed for somebody: by the database's clock, then by id. */
export interface ChangedPlace {
  atMs: number
  id: string
}

/** What `since` holds. */
export interface SincePlace {
  /** Where the next round begins, once this one has been read; 0: none has begun. */
  nextMs: number
  /** The last thing of this round that was told, or the time that it begins with. */
  told: ChangedPlace
}

/** What `nextPage` of a bootstrap holds. */
export interface PagePlace {
  /** Where the first page began, for all of them: what happens while they are read is not lost. */
  sinceMs: number
  inboxCursor: string
  /** The last conversation that was told, by its last activity. */
  told: ChangedPlace
}

const macBytes = 16
const timeBytes = 6
const idBytes = 16
const placeBytes = timeBytes + idBytes

const lowestId = '00000000-0000-0000-0000-000000000000'

/** Before everything. */
export const fromTheBeginning: ChangedPlace = { atMs: 0, id: lowestId }

/** Cursors that fit nobody but who was given them: an HMAC over the account, the kind and the place. */
export function createSyncCursors(secret: string) {
  const key = deriveKey(secret, 'sync cursors')
  const macOf = (accountId: string, field: string, place: Buffer) =>
    createHmac('sha256', key).update(`${field}.${accountId}.`).update(place).digest().subarray(0, macBytes)

  const write = (accountId: string, field: string, parts: Buffer[]): string => {
    const place = Buffer.concat(parts)
    return Buffer.concat([macOf(accountId, field, place), place]).toString('base64url')
  }

  /** Refuses with BAD_USER_INPUT what was not written here, for this account. */
  function read(accountId: string, field: string, cursor: string, least: number): Buffer {
    const bytes = Buffer.from(cursor, 'base64url')
    const place = bytes.subarray(macBytes)
    // More than one text leads to the same bytes; one of them is the cursor.
    const fits = place.length >= least && bytes.toString('base64url') === cursor
    if (!fits || !timingSafeEqual(bytes.subarray(0, macBytes), macOf(accountId, field, place)))
      throw new BadUserInputError('This is not a cursor of yours.', field)
    return place
  }

  const since = (accountId: string, { nextMs, told }: SincePlace): string =>
    write(accountId, 'since', [time(nextMs), written(told)])

  return {
    since,

    /** Where a round begins. */
    round: (accountId: string, fromMs: number): string =>
      since(accountId, { nextMs: 0, told: { atMs: fromMs, id: lowestId } }),

    sincePlace(accountId: string, cursor: string): SincePlace {
      const place = read(accountId, 'since', cursor, timeBytes + placeBytes)
      return { nextMs: place.readUIntBE(0, timeBytes), told: placeAt(place, timeBytes) }
    },

    page: (accountId: string, { sinceMs, inboxCursor, told }: PagePlace): string =>
      write(accountId, 'after', [time(sinceMs), written(told), Buffer.from(inboxCursor, 'base64url')]),

    pagePlace(accountId: string, cursor: string): PagePlace {
      const place = read(accountId, 'after', cursor, timeBytes + placeBytes)
      const inboxCursor = place.subarray(timeBytes + placeBytes).toString('base64url')
      return { sinceMs: place.readUIntBE(0, timeBytes), inboxCursor, told: placeAt(place, timeBytes) }
    },
  }
}

export type SyncCursors = ReturnType<typeof createSyncCursors>

function time(ms: number): Buffer {
  const bytes = Buffer.alloc(timeBytes)
  bytes.writeUIntBE(Math.max(0, ms), 0, timeBytes)
  return bytes
}

const written = ({ atMs, id }: ChangedPlace) => Buffer.concat([time(atMs), Buffer.from(id.replaceAll('-', ''), 'hex')])

function placeAt(bytes: Buffer, offset: number): ChangedPlace {
  const hex = bytes.subarray(offset + timeBytes, offset + placeBytes).toString('hex')
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  return { atMs: bytes.readUIntBE(offset, timeBytes), id }
}
