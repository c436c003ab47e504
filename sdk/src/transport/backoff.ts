const firstMs = 1000
const longestMs = 30_000
const jitter = 0.2

/** How long to wait before the try after `failed` ones: 1, 2, 4, … 30 s, each 20 % more or less, so that not all come back at once. */
export function backoffMs(failed: number, random: () => number = Math.random): number {
  const plain = Math.min(longestMs, firstMs * 2 ** Math.min(failed, 10))
  return plain * (1 - jitter + 2 * jitter * random())
}
