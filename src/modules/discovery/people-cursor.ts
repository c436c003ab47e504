import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError } from '../../platform/errors.ts'

/** A place in a viewer's list of people: in which band, and where in the shuffle of which day. */
export interface PeoplePlace {
  band: number
  day: number
  /** 16 bytes, as latin1. */
  key: string
}

const keyBytes = 16
const headBytes = 3
const macBytes = 9

/** `list` is the name of the list with everything it was asked with: a cursor fits no other one. */
export function createPeopleCursors(secret: string) {
  const root = deriveKey(secret, 'people-cursors')
  const mac = (list: string, bytes: Buffer) =>
    createHmac('sha256', root).update(list).update(bytes).digest().subarray(0, macBytes)

  return {
    write(list: string, { band, day, key }: PeoplePlace): string {
      const bytes = Buffer.alloc(headBytes + keyBytes)
      bytes[0] = band
      bytes.writeUInt16BE(day, 1)
      bytes.write(key, headBytes, 'latin1')
      return Buffer.concat([bytes, mac(list, bytes)]).toString('base64url')
    },

    /** Refuses with BAD_USER_INPUT what is no cursor of this very list. */
    read(list: string, cursor: string): PeoplePlace {
      const all = Buffer.from(cursor.slice(0, 128), 'base64url')
      const bytes = all.subarray(0, headBytes + keyBytes)
      const known = all.length === headBytes + keyBytes + macBytes && all.toString('base64url') === cursor
      if (!known || !timingSafeEqual(all.subarray(bytes.length), mac(list, bytes)))
        throw new BadUserInputError('This is not a cursor of this list.', 'after')
      return { band: bytes[0] ?? 0, day: bytes.readUInt16BE(1), key: bytes.toString('latin1', headBytes) }
    },
  }
}
