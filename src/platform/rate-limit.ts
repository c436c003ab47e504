import type { Clock } from './clock.ts'
import { RateLimitedError } from './errors.ts'
import type { RedisConnections } from './redis.ts'

export interface Limit {
  /** Names the surface; part of the key. */
  name: string
  /** So many within any window, */
  count: number
  /** of so many milliseconds. */
  windowMs: number
}

/**
 * A true sliding window in constant work: a list holds the times of the last `count` that passed. One more passes when the
 * oldest of them has left the window; otherwise the answer is exactly how long that takes. To be put before another script,
 * so that the limit and the work it guards are one round trip.
 */
export const takeLua = `
local function take(key, now, count, window)
  if redis.call('LLEN', key) >= count then
    local oldest = tonumber(redis.call('LINDEX', key, 0))
    if oldest + window > now then return oldest + window - now end
    redis.call('LPOP', key)
  end
  redis.call('RPUSH', key, now)
  redis.call('PEXPIRE', key, window)
  return 0
end
`

export interface RateLimiter {
  /** Counts one call by `who`, or refuses with RATE_LIMITED and an exact `retryAfterMs`. */
  take(limit: Limit, who: string): Promise<void>
}

export function createRateLimiter(deps: { redis: RedisConnections; clock: Clock; enabled: boolean }): RateLimiter {
  const { redis, clock, enabled } = deps
  const script = redis.script(
    'vicinityTake',
    `${takeLua}\nreturn take(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]))`,
  )
  return {
    async take({ name, count, windowMs }, who) {
      if (!enabled) return
      const wait = (await script([redis.key('rate', name, who)], [clock.now(), count, windowMs])) as number
      if (wait > 0) throw new RateLimitedError(wait)
    },
  }
}
