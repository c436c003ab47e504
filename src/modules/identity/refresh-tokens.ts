import { createHash, randomBytes } from 'node:crypto'

/** A signing-in that is not used for so long is over. */
export const signInLifeMs = 30 * 24 * 60 * 60 * 1000
/** Whoever did not get the answer of a refresh may ask for another one within so long. */
export const retryMs = 10_000

const shape = /^vr1\.[A-Za-z0-9_-]{43}$/

/** An opaque token of 256 random bits; only its hash is kept. */
export function createRefreshToken(): { token: string; hash: Buffer } {
  const token = `vr1.${randomBytes(32).toString('base64url')}`
  return { token, hash: hashOf(token) }
}

/** By what a token is found; nothing for what cannot be one. */
export const refreshTokenHash = (token: string): Buffer | undefined => (shape.test(token) ? hashOf(token) : undefined)

const hashOf = (token: string) => createHash('sha256').update(token).digest()

/** What is known of a token that was presented, and was spent already. */
export interface SpentToken {
  spentAtMs: number
  /** Whether the token that counts now, which nobody has used yet, was given out for this one. */
  isParentOfLive: boolean
}

/**
 * What to do about a spent token. `again`: its answer got lost, as far as anybody can tell, so there is another one, and the
 * one that was lost is spent. `reuse`: two hold it, and one of them is a thief.
 */
export function judgeSpent({ spentAtMs, isParentOfLive }: SpentToken, nowMs: number): 'again' | 'reuse' {
  return isParentOfLive && nowMs - spentAtMs <= retryMs ? 'again' : 'reuse'
}
