import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { deriveKey } from './derive-key.ts'
import { Lru } from './lru.ts'

/**
 * What people are called towards each other. Each viewer knows a person by another name, and so does each activity: who compare
 * what they see find nothing in common, and a name leads to its person only together with where it is used.
 */
export interface PersonIds {
  /** The names of people for this viewer, or inside this activity: 22 characters each, the same every time. */
  of(whereId: string, personIds: string[]): string[]
  /** Whom a name means there; undefined for what is none. */
  open(whereId: string, name: string): string | undefined
}

const blockBytes = 16
const keysRemembered = 10_000
/** UUIDs of version 7 made before 2039: a made-up name passes for one once in sixteen thousand times, and is nobody's id then. */
const ourIds = /^01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** One AES-256 block a person, under a key of the viewer: an id is a block, and no two people have the same. */
export function createPersonIds(secret: string): PersonIds {
  const root = deriveKey(secret, 'person-ids')
  const keys = new Lru<string, Buffer>(keysRemembered)

  function keyOf(whereId: string): Buffer {
    const known = keys.get(whereId)
    if (known) return known
    const key = createHmac('sha256', root).update(whereId).digest()
    keys.set(whereId, key)
    return key
  }

  return {
    of(whereId, personIds) {
      const cipher = createCipheriv('aes-256-ecb', keyOf(whereId), null).setAutoPadding(false)
      const sealed = cipher.update(Buffer.from(personIds.join('').replaceAll('-', ''), 'hex'))
      return personIds.map((_, i) => sealed.toString('base64url', i * blockBytes, (i + 1) * blockBytes))
    },
    open(whereId, name) {
      if (!/^[A-Za-z0-9_-]{22}$/.test(name)) return undefined
      const decipher = createDecipheriv('aes-256-ecb', keyOf(whereId), null).setAutoPadding(false)
      const hex = decipher.update(Buffer.from(name, 'base64url')).toString('hex')
      const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
      return ourIds.test(id) ? id : undefined
    },
  }
}
