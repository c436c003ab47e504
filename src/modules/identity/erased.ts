import { createHmac } from 'node:crypto'
import { deriveKey } from '../../platform/derive-key.ts'
import { Lru } from '../../platform/lru.ts'

/** By what an erased device or account is found by whoever knows its id, and by nobody else: all that is kept of it. */
export type ErasedName = (id: string) => string

const remembered = 10_000

export function createErasedName(secret: string): ErasedName {
  const key = deriveKey(secret, 'erasures')
  const names = new Lru<string, string>(remembered)
  return (id) => {
    const known = names.get(id)
    if (known !== undefined) return known
    const name = createHmac('sha256', key).update(id).digest('base64url')
    names.set(id, name)
    return name
  }
}
