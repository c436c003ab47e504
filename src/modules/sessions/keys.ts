import type { RedisConnections } from '../../platform/redis.ts'

/** The hash tag of everything that one sighting touches: sessions, beacons, matches, nudges and their counts. */
export const talkSlot = 'talk'

/** Key names of sessions. Scripts of this slot derive them from `prefix` the same way. */
export function sessionKeys(redis: RedisConnections) {
  const prefix = redis.key('sessions', `{${talkSlot}}`, '')
  return {
    prefix,
    session: (id: string) => `${prefix}session:${id}`,
    /** The one open session of a device. */
    open: (deviceId: string) => `${prefix}open:${deviceId}`,
    client: (deviceId: string, clientId: string) => `${prefix}client:${deviceId}:${clientId}`,
    beacon: (beacon: string) => `${prefix}beacon:${beacon}`,
    /** Whom a device with an open session must not be matched with. */
    hidden: (deviceId: string) => `${prefix}hidden:${deviceId}`,
    /** Open sessions by when they end. */
    endings: `${prefix}endings`,
    interestKey: (day: string) => `${prefix}interest-key:${day}`,
  }
}
