import { createHash, randomBytes } from 'node:crypto'
import { MailedTokenError } from './errors.ts'

export type MailedTokenPurpose = 'VERIFY_EMAIL' | 'DELETE_ACCOUNT'

/** 384 bits: nobody guesses one, so that its hash needs no salt and no slowness. */
const tokenBytes = 48
const tokenShape = /^[A-Za-z0-9_-]{64}$/
export const tokenLifeMs = 24 * 60 * 60 * 1000

export interface MailedToken {
  hash: Buffer
  purpose: MailedTokenPurpose
  email: string
  expiresAt: Date
  usedAt: Date | null
}

export interface NewToken {
  token: string
  hash: Buffer
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

export function newToken(): NewToken {
  const token = randomBytes(tokenBytes).toString('base64url')
  return { token, hash: hashOf(token) }
}

/** What a given token is kept under. Refuses what none of ours looks like as any other that is not known. */
export function givenHash(token: string): Buffer {
  if (!tokenShape.test(token)) throw new MailedTokenError('UNKNOWN')
  return hashOf(token)
}

/** Refuses a token that is not there any more, or does not count any more. */
export function checkMailed(found: MailedToken | undefined, nowMs: number): MailedToken {
  if (!found) throw new MailedTokenError('UNKNOWN')
  if (found.usedAt) throw new MailedTokenError('USED')
  if (found.expiresAt.getTime() <= nowMs) throw new MailedTokenError('EXPIRED')
  return found
}
