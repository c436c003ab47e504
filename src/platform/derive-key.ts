import { hkdfSync } from 'node:crypto'

/** A 256-bit key for one purpose out of the deployment's secret (RFC 5869): no two purposes share a key, and none leads back. */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, 32))
}
