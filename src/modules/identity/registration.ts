// Invariant: a username belongs to one account; a registration that is tried again with its client id finds the account it made.

import { BadUserInputError, IdempotencyMismatchError } from '../../platform/errors.ts'
import { createId } from '../../platform/ids.ts'
import { describeError } from '../../platform/logger.ts'
import { checkedEmail } from '../../platform/mail/index.ts'
import type { Sql } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import { UsernameTakenError, WeakPasswordError } from './errors.ts'
import { checkedUsername, isReserved } from './names.ts'
import { checkedPassword, isWeak } from './password.ts'
import { signInLimits } from './sign-in-limits.ts'
import { createSigningIn, type SignInDeps, type SignInTokens } from './sign-ins.ts'
import type { Viewer } from './viewer.ts'

export interface RegisterInput {
  clientId: string | null
  username: string
  password: string
  displayName: string | null
  email: string | null
  deviceLabel: string | null
  viewer: Viewer | null
  address: string
}

/** What a new account may be called: what judges that stands to the right of here, and so is handed in. */
export interface Names {
  isOffensive(username: string): boolean
  /** Before the account is made. Refuses with ContentRejectedError. */
  judge(accountId: string, displayName: string): Promise<JudgedName>
  /** Whether this is what is kept of a display name. */
  isKeptOf(kept: string, given: string): boolean
}

interface JudgedName {
  displayName: string
  /** In the transaction that makes the account. */
  keep(sql: Sql): Promise<void>
  /** After its commit. */
  written(): void
}

export interface RegistrationService {
  /**
   * Makes an account and signs in to it. Refuses with UsernameTakenError, WeakPasswordError, names that are not allowed, and an address
   * that has made too many. Repeating it with the same client id and input from the same address within ten minutes gives the same account, by a
   * new signing-in; with another input it is refused.
   */
  register(input: RegisterInput): Promise<SignInTokens>
}

/** A registration can be repeated for so long. */
const windowMs = 10 * 60 * 1000
const displayNameLength = 64

export function createRegistration(
  deps: SignInDeps & {
    onRegistered: (accountId: string) => Promise<void>
    names: Names
    /** Whether tokens of this account would not count: it was revoked, or erased. */
    isRevoked: (accountId: string) => boolean
  },
): RegistrationService {
  const { store, credentials, passwords, limiter, clock, logger, keyed, onRegistered, isRevoked, names } = deps
  const { prepare, tokensFor, ended } = createSigningIn(deps)

  /** The id that a registration gives its account: the same for the same client id and address, in the window of a time. */
  function idFor({ clientId, address }: RegisterInput, atMs: number): string {
    if (clientId === null) return createId(atMs)
    const window = Math.floor(atMs / windowMs)
    const id = createId(window * windowMs, Buffer.from(keyed('account', clientId, address, window), 'base64url'))
    return isRevoked(id) ? createId(atMs) : id
  }

  return {
    async register(input) {
      const username = checkedUsername(input.username)
      const password = checkedPassword(input.password)
      const email = input.email === null ? null : checkedEmail(input.email)
      const rule = { min: 0, max: displayNameLength, field: 'displayName' }
      const displayName = input.displayName === null ? '' : checkedText(input.displayName, rule)
      const { added, refreshToken } = prepare(input.deviceLabel, input.viewer)
      await limiter.take(signInLimits.register, keyed('address', input.address))
      if (isWeak(password, { username, email })) throw new WeakPasswordError('password')
      if (isReserved(username)) throw new UsernameTakenError()
      if (names.isOffensive(username)) throw new BadUserInputError('Choose another username.', 'username')
      const nowMs = clock.now()
      const id = idFor(input, nowMs)

      /** What an earlier try of the same registration has made. */
      async function madeBefore() {
        for (const earlier of new Set([id, idFor(input, nowMs - windowMs)])) {
          const found = await credentials.of(earlier)
          if (!found || found.account.createdAt.getTime() <= nowMs - windowMs) continue
          const { account, passwordHash } = found
          const named = account.username === username && names.isKeptOf(account.displayName, displayName)
          if (!named || account.email !== email || !(await passwords.matches(password, passwordHash)))
            throw new IdempotencyMismatchError()
          return store.signIn(account.id, passwordHash as string, added)
        }
        return undefined
      }

      const before = input.clientId === null ? undefined : await madeBefore()
      if (before) {
        ended(before.ended)
        return tokensFor(before, refreshToken)
      }
      const [name, passwordHash] = await Promise.all([names.judge(id, displayName), passwords.hash(password)])
      const account = { id, username, displayName: name.displayName, email, passwordHash }
      const made = await store.register(account, added, name.keep)
      if (made) {
        name.written()
        await onRegistered(id).catch((error: unknown) => logger.warn('after a registration', describeError(error)))
        return tokensFor(made, refreshToken)
      }
      // Another try at the same instant may have been it.
      const meanwhile = input.clientId === null ? undefined : await madeBefore()
      if (!meanwhile) throw new UsernameTakenError()
      ended(meanwhile.ended)
      return tokensFor(meanwhile, refreshToken)
    },
  }
}
