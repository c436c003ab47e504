import { randomBytes } from 'node:crypto'

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, then 74 random bits, or given ones, so that ids sort by the time they were made. */
export function createId(nowMs: number, bits = randomBytes(16)): string {
  const bytes = Buffer.from(bits.subarray(0, 16))
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Whether a text is one of our ids as they are written: anything else must not come near a key or a query. */
export function isId(text: string): boolean {
  return uuidPattern.test(text)
}
