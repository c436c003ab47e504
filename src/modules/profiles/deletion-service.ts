// Invariant: an account is erased only after its owner asked twice and while nothing holds it, and then wholly; the proof stays.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { createId } from '../../platform/ids.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import { InvalidCredentialsError } from '../identity/index.ts'
import type { ConfirmedDeletion, DeletionStore } from './deletion-store.ts'
import { AccountOnHoldError } from './errors.ts'
import type { LockedAccount } from './mail-store.ts'
import { checkMailed, givenHash, newToken, tokenLifeMs } from './mailed-tokens.ts'

const minuteMs = 60 * 1000
const askLimit: Limit = { name: 'ask-deletion', count: 2, windowMs: 24 * 60 * minuteMs }
const tryLimit: Limit = { name: 'confirm-deletion', count: 10, windowMs: minuteMs }

export interface RequestedDeletion {
  expiresAt: Date
  /** Null: it is mailed. */
  token: string | null
}

export interface DeletionService {
  /** The first step. Refuses a wrong password and an account on hold. Repeating it replaces the token. */
  requestAccountDeletion(accountId: string, password: string): Promise<RequestedDeletion>
  /**
   * The second step: ends every token of the account and has it erased. Refuses a token that is not this account's, was used or
   * replaced, or has expired, and an account on hold. It cannot be repeated: the account's tokens count no more.
   */
  confirmAccountDeletion(accountId: string, token: string): Promise<ConfirmedDeletion>
  /** What the job begins with. Tells whether to go on: a hold that came meanwhile is looked at again in an hour. Repeating it is safe. */
  beginErasure(accountId: string): Promise<boolean>
}

export function createDeletionService(deps: {
  store: DeletionStore
  clock: Clock
  limiter: RateLimiter
  checkPassword(accountId: string, password: string): Promise<boolean>
  /** What proves the erasure, in the place of the id. */
  erasedName(accountId: string): string
  /** Told after the commit: tokens and sockets end at once, here and on every node. */
  onRevoked(accountId: string, revokedAt: Date): void
}): DeletionService {
  const { store, clock, limiter, erasedName } = deps

  function checkFree(account: LockedAccount | undefined): LockedAccount {
    if (!account) throw new NotFoundError()
    if (account.held) throw new AccountOnHoldError()
    return account
  }

  return {
    async requestAccountDeletion(accountId, password) {
      if (!(await deps.checkPassword(accountId, password))) throw new InvalidCredentialsError()
      await limiter.take(askLimit, accountId)
      const nowMs = clock.now()
      const expiresAtMs = nowMs + tokenLifeMs
      const { token, hash } = newToken()
      const mailedTo = await store.ask({ accountId, hash, nowMs, expiresAtMs }, checkFree)
      // A mailed one is made anew by the job: this one was never told to anybody.
      return { expiresAt: new Date(expiresAtMs), token: mailedTo === null ? token : null }
    },

    async confirmAccountDeletion(accountId, token) {
      await limiter.take(tryLimit, accountId)
      const nowMs = clock.now()
      const proof = { nowMs, erasureId: createId(nowMs), subject: erasedName(accountId) }
      const confirmed = await store.confirm(accountId, givenHash(token), proof, (found, account) => {
        checkMailed(found, nowMs)
        checkFree(account)
      })
      deps.onRevoked(accountId, confirmed.revokedAt)
      return confirmed
    },

    async beginErasure(accountId) {
      const { held } = await store.empty(accountId, `deleted:${randomBytes(4).toString('hex')}`)
      if (held) await store.eraseLater(accountId)
      return !held
    },
  }
}
