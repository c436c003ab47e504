/** Lets through so many a second, and twice as many at once after a pause. */
export function createTokenBucket(perSecond: number) {
  const most = perSecond * 2
  let tokens = most
  let atMs: number | undefined
  return {
    take(nowMs: number): boolean {
      tokens = Math.min(most, tokens + ((nowMs - (atMs ?? nowMs)) / 1000) * perSecond)
      atMs = nowMs
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
