import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { deriveKey } from './derive-key.ts'
import { isId } from './ids.ts'
import { Lru } from './lru.ts'

/**
 * What people are called towards each other. Each viewer knows a person by another name: two who compare what they see find
 * nothing in common, and a name leads to its person only together with the viewer who was given it.
 */
export interface PersonIds {
  /** The names of people for this viewer: 22 characters each, the same every time. */
  of(viewerId: string, personIds: string[]): string[]
  /** Whom a viewer means by a name; undefined for what is none of theirs. */
  open(viewerId: string, name: string): string | undefined
}

const blockBytes = 16
const viewersRemembered = 10_000

/** One AES-256 block a person, under a key of the viewer: an id is a block, and no two people have the same. */
export function createPersonIds(secret: string): PersonIds {
  const root = deriveKey(secret, 'person-ids')
  const keys = new Lru<string, Buffer>(viewersRemembered)

  function keyOf(viewerId: string): Buffer {
    const known = keys.get(viewerId)
    if (known) return known
    const key = createHmac('sha256', root).update(viewerId).digest()
    keys.set(viewerId, key)
    return key
  }

  return {
    of(viewerId, personIds) {
      const cipher = createCipheriv('aes-256-ecb', keyOf(viewerId), null).setAutoPadding(false)
      const sealed = cipher.update(Buffer.from(personIds.join('').replaceAll('-', ''), 'hex'))
      return personIds.map((_, i) => sealed.toString('base64url', i * blockBytes, (i + 1) * blockBytes))
    },
    open(viewerId, name) {
      if (!/^[A-Za-z0-9_-]{22}$/.test(name)) return undefined
      const decipher = createDecipheriv('aes-256-ecb', keyOf(viewerId), null).setAutoPadding(false)
      const hex = decipher.update(Buffer.from(name, 'base64url')).toString('hex')
      const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
      // Ours are of version 7: one made-up name in four thousand passes for nobody's id, and finds nobody.
      return isId(id) && id[14] === '7' ? id : undefined
    },
  }
}
