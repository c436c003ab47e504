import { createHmac } from 'node:crypto'
import { deriveKey } from '../../platform/derive-key.ts'
import { Lru } from '../../platform/lru.ts'

/** By what an erased device is found by whoever knows its id, and by nobody else: all that is kept of it. */
export type ErasedName = (deviceId: string) => string

const remembered = 10_000

export function createErasedName(secret: string): ErasedName {
  const key = deriveKey(secret, 'erasures')
  const names = new Lru<string, string>(remembered)
  return (deviceId) => {
    const known = names.get(deviceId)
    if (known !== undefined) return known
    const name = createHmac('sha256', key).update(deviceId).digest('base64url')
    names.set(deviceId, name)
    return name
  }
}
