/** Buckets grow by 4 %, so a percentile is at most 2 % off. */
const growth = Math.log(1.04)
const bucketOf = (ms: number) => Math.ceil(Math.log(Math.max(ms, 0.1) * 10) / growth)
const msOf = (bucket: number) => Math.exp((bucket - 0.5) * growth) / 10

interface Second {
  at: number
  count: number
  buckets: Map<number, number>
}

/** Counts, and how long things took, of the last few seconds and of the whole run. */
export interface Meter {
  count(by?: number): void
  took(ms: number): void
  total(): number
  perSecond(): number
  /** Milliseconds; null when nothing was timed. */
  percentile(share: number, of: 'recent' | 'all'): number | null
}

/** A second that has just begun says little: the last whole ones count. */
const recentSeconds = 5

export function createMeter(now: () => number = () => performance.now()): Meter {
  const all = new Map<number, number>()
  const seconds: Second[] = []
  const beganAt = Math.floor(now() / 1000)
  let total = 0

  function second(): Second {
    const at = Math.floor(now() / 1000)
    const last = seconds.at(-1)
    if (last?.at === at) return last
    const next = { at, count: 0, buckets: new Map() }
    seconds.push(next)
    if (seconds.length > recentSeconds + 1) seconds.shift()
    return next
  }
  function recent(): Second[] {
    const at = Math.floor(now() / 1000)
    return seconds.filter((each) => each.at < at && each.at >= at - recentSeconds)
  }
  function count(by = 1) {
    total += by
    second().count += by
  }

  return {
    count,
    took(ms) {
      count()
      const bucket = bucketOf(ms)
      for (const buckets of [all, second().buckets]) buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
    },
    total: () => total,
    perSecond() {
      const passed = Math.min(recentSeconds, Math.floor(now() / 1000) - beganAt)
      return recent().reduce((sum, each) => sum + each.count, 0) / Math.max(1, passed)
    },
    percentile(share, of) {
      const merged = of === 'all' ? all : new Map<number, number>()
      if (of === 'recent') {
        for (const { buckets } of recent())
          for (const [bucket, times] of buckets) merged.set(bucket, (merged.get(bucket) ?? 0) + times)
      }
      let left = Math.ceil(share * [...merged.values()].reduce((sum, times) => sum + times, 0))
      for (const [bucket, times] of [...merged].sort(([a], [b]) => a - b)) {
        left -= times
        if (left <= 0) return msOf(bucket)
      }
      return null
    },
  }
}
