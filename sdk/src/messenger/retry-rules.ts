import type { Refused } from './jobs.ts'

/** What comes of a failed attempt. */
export type Verdict = 'retry' | 'signed-out' | 'refused'

const passing = new Set([
  'NETWORK',
  'PROTOCOL',
  'UNAVAILABLE',
  'TIMEOUT',
  'RATE_LIMITED',
  'INTERNAL',
  'IDEMPOTENCY_IN_PROGRESS',
  'TOKEN_EXPIRED',
  'SLOW_CONSUMER',
  'SUBSCRIPTION_LIMIT',
  'RESYNC_REQUIRED',
])

const signedOut = new Set(['UNAUTHENTICATED', 'SESSION_REVOKED'])

/** A code that nobody has heard of is shown to the person rather than tried for ever. */
export function verdict(code: string): Verdict {
  if (passing.has(code)) return 'retry'
  return signedOut.has(code) ? 'signed-out' : 'refused'
}

export interface Refusal {
  code: string
  retryAfterMs: number | undefined
  /** This account may write nothing for a while. */
  isRestricted: boolean
  refused: Refused | null
}

/** Whatever is thrown without a code is a fault in between, which may pass. */
export function refusalOf(reason: unknown): Refusal {
  const { code, retryAfterMs, isRestricted, refused } = (reason ?? {}) as Partial<Record<keyof Refusal, unknown>>
  return {
    code: typeof code === 'string' ? code : 'INTERNAL',
    retryAfterMs: typeof retryAfterMs === 'number' ? retryAfterMs : undefined,
    isRestricted: isRestricted === true,
    refused: (refused as Refused | undefined) ?? null,
  }
}

const [firstPauseMs, longestPauseMs] = [1000, 60_000]

/** How long to wait after so many failures in a row, with half of it left to chance; never shorter than the server asks for. */
export function pauseAfter(
  failures: number,
  { retryAfterMs = 0 }: { retryAfterMs?: number | undefined },
  random: number,
) {
  const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 10))
  return Math.max(retryAfterMs, longest / 2 + (longest / 2) * random)
}
