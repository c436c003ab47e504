// Invariant: an address is an account's only after a token that was mailed to it came back, and it is one account's at a time.
import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { checkedEmail, type Mail } from '../../platform/mail/index.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import { EmailTakenError } from './errors.ts'
import { letterOf } from './letters.ts'
import type { Addresses, MailStore } from './mail-store.ts'
import { checkMailed, givenHash, type MailedTokenPurpose, newToken, tokenLifeMs } from './mailed-tokens.ts'

const minuteMs = 60 * 1000
const hourMs = 60 * minuteMs
const addressLimit: Limit = { name: 'verify-address', count: 3, windowMs: hourMs }
/** Of one account, to whatever addresses. */
const askLimit: Limit = { name: 'ask-verification', count: 10, windowMs: hourMs }
const tryLimit: Limit = { name: 'verify-email', count: 10, windowMs: minuteMs }
/** For so long after its end it is known that a token was used, or has expired. */
const rememberedMs = 7 * 24 * hourMs

export interface EmailService {
  /**
   * Has a token mailed to an address: a given one, else the one that waits for it, else the account's. Refuses what is no address,
   * and an account without one. Tells nothing of whether the address is known here. Repeating it replaces the token.
   */
  requestEmailVerification(accountId: string, email: string | null): Promise<{ sentTo: string }>
  /** The same for an account that was just made, if it came with an address. */
  welcome(accountId: string): Promise<void>
  /**
   * Refuses a token that is not this account's, was used or replaced, or has expired, and an address that another account has
   * verified. Repeating it is refused as used.
   */
  verifyEmail(accountId: string, token: string): Promise<void>
  /** The job: makes a token and mails it. Repeating it mails another, and the earlier one counts no more. */
  sendMail(accountId: string, purpose: MailedTokenPurpose): Promise<void>
  /** Forgets tokens that ended a week ago. Repeating it is safe. */
  dropOldTokens(): Promise<void>
}

export function createEmailService(deps: {
  store: MailStore
  mail: Mail
  clock: Clock
  limiter: RateLimiter
  /** Names addresses in rate limits, where they must not be read. */
  addressKey: Buffer
}): EmailService {
  const { store, mail, clock, limiter, addressKey } = deps
  const nameOf = (address: string) => createHmac('sha256', addressKey).update(address.toLowerCase()).digest('base64url')

  async function ask(accountId: string, known: Addresses, email: string): Promise<void> {
    await limiter.take(askLimit, accountId)
    if (known.verified && known.email?.toLowerCase() === email.toLowerCase()) return store.keepVerified(accountId)
    await limiter.take(addressLimit, nameOf(email))
    const nowMs = clock.now()
    // The job makes the token: until then there is none, and nobody can read one in its payload.
    const { hash } = newToken()
    await store.askVerification({
      ...{ accountId, purpose: 'VERIFY_EMAIL', hash, email },
      ...{ nowMs, expiresAtMs: nowMs + tokenLifeMs },
    })
  }

  return {
    async requestEmailVerification(accountId, given) {
      const known = await store.addresses(accountId)
      if (!known) throw new NotFoundError()
      const email = given === null ? (known.pending ?? known.email) : checkedEmail(given)
      if (email === null) throw new BadUserInputError('The account has no address yet: give one.', 'email')
      await ask(accountId, known, email)
      return { sentTo: email }
    },

    async welcome(accountId) {
      const known = await store.addresses(accountId)
      if (known?.email != null) await ask(accountId, known, known.email)
    },

    async verifyEmail(accountId, token) {
      await limiter.take(tryLimit, accountId)
      const nowMs = clock.now()
      const mine = await store.verify(accountId, givenHash(token), nowMs, (found) => checkMailed(found, nowMs))
      if (!mine) throw new EmailTakenError()
    },

    async sendMail(accountId, purpose) {
      const { token, hash } = newToken()
      const mailing = await store.arm(purpose, accountId, hash, clock.now(), tokenLifeMs)
      if (!mailing) return
      const { email: to, username, expiresAt } = mailing
      await mail.send(letterOf(purpose, { to, username, token, untilMs: expiresAt.getTime() }))
    },

    dropOldTokens: () => store.dropOld(clock.now() - rememberedMs),
  }
}
