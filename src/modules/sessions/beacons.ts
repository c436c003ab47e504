import { createHmac, hkdfSync } from 'node:crypto'

export interface Beacon {
  /** 16 bytes, as 32 lower-case hexadecimal digits. */
  value: string
  validFrom: Date
  validUntil: Date
}

/**
 * The beacons of a session are derived from the deployment's secret and the session's id, so that a retried call gives the
 * same ones without any store knowing which beacons belong together. Windows lie on a grid common to all phones: when all
 * change at the same moment, the moment tells nobody apart.
 */
export function createBeacons(secret: string, windowMs: number) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'beacons', 32))
  return function beaconsOf(sessionId: string, openedAtMs: number, expiresAtMs: number): Beacon[] {
    const beacons: Beacon[] = []
    for (let from = openedAtMs - (openedAtMs % windowMs); from < expiresAtMs; from += windowMs) {
      const value = createHmac('sha256', key).update(`${sessionId}:${from}`).digest('hex').slice(0, 32)
      beacons.push({ value, validFrom: new Date(from), validUntil: new Date(from + windowMs) })
    }
    return beacons
  }
}
