// Invariant: one refresh token of a signing-in counts at a time; when a spent one comes back, the signing-in is over, on every node.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, ForbiddenError, NotFoundError, RevokedError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { RateLimiter } from '../../platform/rate-limit.ts'
import { checkedText } from '../../platform/text.ts'
import type { Tokens } from '../../platform/tokens.ts'
import type { CredentialStore, Credentials } from './credential-store.ts'
import { AccountBannedError, type Ban, InvalidCredentialsError, SignInEndedError, WeakPasswordError } from './errors.ts'
import { checkedPassword, isOutdated, isWeak, type Passwords } from './password.ts'
import { createRefreshToken, refreshTokenHash } from './refresh-tokens.ts'
import { signInLimits } from './sign-in-limits.ts'
import type { EndedSignIn, SignIn } from './sign-in-rows.ts'
import type { NewSignIn, SignedIn, SignInStore } from './sign-in-store.ts'
import type { Account } from './store.ts'
import type { Viewer } from './viewer.ts'

/** What an app keeps of a signing-in. */
export interface SignInTokens {
  account: Account
  accessToken: string
  accessTokenExpiresAt: Date
  refreshToken: string
  refreshTokenExpiresAt: Date
}

export interface LoginInput {
  username: string
  password: string
  deviceLabel: string | null
  /** Whoever asked, as far as known: signing in with a device's own token is signing in on that device. */
  viewer: Viewer | null
  address: string
}

export interface SignInService {
  /**
   * Signs in by username or verified e-mail. Refuses with InvalidCredentialsError whatever is wrong, after the same time; with
   * RATE_LIMITED by address and by account; with UNAVAILABLE when too many sign in at once; with AccountBannedError whoever has shown the
   * password of a banned account. Repeating it signs in once more.
   */
  login(input: LoginInput): Promise<SignInTokens>
  /**
   * The next tokens for a refresh token, which is spent by that. Refuses with SignInEndedError or AccountBannedError. Repeating it within ten seconds
   * gives others, if nobody has used those before; repeating it later ends the signing-in.
   */
  refresh(refreshToken: string, address: string): Promise<SignInTokens>
  /** Ends the signing-in of a refresh token, or else of the viewer's access token. Refuses nobody; repeating it is safe. */
  logout(refreshToken: string | null, viewer: Viewer | null, address: string): Promise<void>
  /**
   * Changes the viewer's password and ends every other signing-in. Refuses with InvalidCredentialsError or WeakPasswordError.
   * Repeating it fails at the old password.
   */
  changePassword(viewer: Viewer, currentPassword: string, newPassword: string): Promise<Account>
  /** Whether this is the account's password. Refuses with RATE_LIMITED, and a malformed one. Repeating it is safe. */
  checkPassword(accountId: string, password: string): Promise<boolean>
  /** Ends one of the viewer's own signings-in; refuses others with NOT_FOUND. Repeating it is safe. */
  endSignIn(viewer: Viewer, signInId: string): Promise<SignIn>
  /** Ends all of an account's, as whoever bans it has to. Refuses nothing; repeating it is safe. */
  endSignInsOf(accountId: string): Promise<void>
  /** The live signings-in of these accounts, newest first, as far as the viewer may see them. */
  signInsOf(viewer: Viewer | null, accountIds: readonly string[]): Promise<Map<string, SignIn[]>>
  /** Drops what is over for long. Repeating it is safe. */
  dropOldSignIns(): Promise<void>
}

export interface SignInDeps {
  store: SignInStore
  credentials: CredentialStore
  passwords: Passwords
  tokens: Tokens
  limiter: RateLimiter
  clock: Clock
  logger: Logger
  /** An HMAC: what tells of somebody in keys and logs without naming them. */
  keyed: (...parts: (string | number)[]) => string
  /** Told of every signing-in that has just ended. */
  onEnded: (ended: EndedSignIn[]) => void
  /** What keeps the account from being signed in, as of now; fails rather than not knowing. */
  banOf: (accountId: string) => Promise<Ban | null>
  /** What lets a banned account appeal the decision that bans it; null: that cannot be appealed. */
  appealTokenOf: (accountId: string, decisionId: string) => Promise<string | null>
}

const labelLength = 40
const longestName = 254

/** What registering and logging in have in common. */
export function createSigningIn(
  deps: Pick<SignInDeps, 'tokens' | 'clock' | 'store' | 'onEnded' | 'banOf' | 'appealTokenOf'>,
) {
  const { tokens, clock, store, onEnded, banOf, appealTokenOf } = deps
  const ended = (those: EndedSignIn[]) => {
    if (those.length > 0) onEnded(those)
  }

  /** After its signing-in is committed: a ban that is committed later ends that one, too. */
  async function refuseBanned({ account, signIn }: Pick<SignedIn, 'account' | 'signIn'>) {
    const ban = await banOf(account.id)
    if (!ban) return
    ended(await store.end([signIn.id]))
    throw await bannedError(account.id, ban)
  }

  async function bannedError(accountId: string, ban: Ban): Promise<AccountBannedError> {
    const { decisionId } = ban
    return new AccountBannedError(ban, decisionId === null ? null : await appealTokenOf(accountId, decisionId))
  }

  return {
    /** A signing-in to be stored, and the token that its hash is of. */
    prepare(deviceLabel: string | null, viewer: Viewer | null): { added: NewSignIn; refreshToken: string } {
      const nowMs = clock.now()
      const { token, hash } = createRefreshToken()
      const label =
        deviceLabel === null ? null : checkedText(deviceLabel, { min: 0, max: labelLength, field: 'deviceLabel' })
      // A session's secret speaks for its session only.
      const deviceId = viewer?.sessionId === null ? viewer.deviceId : null
      return {
        added: { id: createId(nowMs), deviceId, label: label || null, tokenHash: hash, nowMs },
        refreshToken: token,
      }
    },

    async tokensFor({ account, signIn }: Pick<SignedIn, 'account' | 'signIn'>, refreshToken: string) {
      await refuseBanned({ account, signIn })
      const claims = { signInId: signIn.id, deviceId: signIn.deviceId }
      const { token, expiresAt } = await tokens.issue('at+jwt', account.id, claims)
      const kept = { refreshToken, refreshTokenExpiresAt: signIn.expiresAt }
      return { account, accessToken: token, accessTokenExpiresAt: expiresAt, ...kept }
    },

    ...{ ended, bannedError },
  }
}

export function createSignIns(deps: SignInDeps): SignInService {
  const { store, credentials, passwords, limiter, clock, logger, keyed, banOf } = deps
  const { prepare, tokensFor, ended, bannedError } = createSigningIn(deps)

  async function credentialsFor(name: string): Promise<Credentials | undefined> {
    return name.includes('@') ? credentials.mailed(name) : credentials.named(name.toLowerCase())
  }

  return {
    async login({ username, password: given, deviceLabel, viewer, address }) {
      if (username.length > longestName || username.includes('\0')) {
        throw new BadUserInputError('This is neither a username nor an e-mail address.', 'username')
      }
      const password = checkedPassword(given)
      const { added, refreshToken } = prepare(deviceLabel, viewer)
      await limiter.take(signInLimits.loginByAddress, keyed('address', address))
      const found = await credentialsFor(username)
      // By the account, however it is called; a name that nobody has counts like one.
      const who = found ? ['account', found.account.id] : ['name', username.toLowerCase()]
      await limiter.take(signInLimits.loginByAccount, keyed(...who))
      if (!(await passwords.matches(password, found?.passwordHash ?? null))) throw new InvalidCredentialsError()
      const shown = found as Credentials & { passwordHash: string }
      const signedIn = await store.signIn(shown.account.id, shown.passwordHash, added)
      if (!signedIn) throw new InvalidCredentialsError()
      ended(signedIn.ended)
      if (isOutdated(shown.passwordHash)) {
        await credentials.rehash(shown.account.id, shown.passwordHash, await passwords.hash(password))
      }
      return tokensFor(signedIn, refreshToken)
    },

    async refresh(presented, address) {
      const hash = refreshTokenHash(presented)
      const family = hash && (await store.familyOf(hash))
      await limiter.take(signInLimits.refresh, keyed('refresh', address, family ?? ''))
      if (!hash || family === undefined) throw new SignInEndedError()
      const next = createRefreshToken()
      const refreshed = await store.refresh(hash, next.hash, clock.now())
      if (refreshed.outcome === 'refreshed') return tokensFor(refreshed, next.token)
      if (refreshed.outcome === 'reuse') {
        logger.warn('auth.refresh_reuse', { principal: keyed('sign-in', family) })
        ended(refreshed.ended)
      }
      const owner = await store.ownerOfToken(hash, clock.now())
      const ban = owner ? await banOf(owner.accountId) : null
      if (!owner || !ban) throw new SignInEndedError()
      // A spent token may be in other hands: those do not speak for the account.
      throw owner.isLast ? await bannedError(owner.accountId, ban) : new AccountBannedError(ban, null)
    },

    async logout(refreshToken, viewer, address) {
      const hash = refreshToken === null ? undefined : refreshTokenHash(refreshToken)
      await limiter.take(signInLimits.logout, keyed('address', address))
      const id = refreshToken === null ? viewer?.signInId : hash && (await store.familyOf(hash))
      if (id) ended(await store.end([id]))
    },

    async changePassword({ accountId, signInId }, currentPassword, newPassword) {
      if (accountId === null) throw new ForbiddenError()
      const current = checkedPassword(currentPassword, 'currentPassword')
      const next = checkedPassword(newPassword, 'newPassword')
      await limiter.take(signInLimits.changePassword, accountId)
      const found = await credentials.of(accountId)
      if (!found) throw new RevokedError()
      if (!(await passwords.matches(current, found.passwordHash))) throw new InvalidCredentialsError()
      if (isWeak(next, found.account)) throw new WeakPasswordError('newPassword')
      const changed = await store.changePassword(
        accountId,
        found.passwordHash as string,
        await passwords.hash(next),
        signInId,
      )
      if (!changed) throw new InvalidCredentialsError()
      ended(changed.ended)
      return changed.account
    },

    async checkPassword(accountId, given) {
      const password = checkedPassword(given)
      await limiter.take(signInLimits.checkPassword, accountId)
      const found = await credentials.of(accountId)
      return passwords.matches(password, found?.passwordHash ?? null)
    },

    async endSignIn({ accountId }, signInId) {
      if (accountId === null) throw new ForbiddenError()
      const signIn = isId(signInId) ? await store.endOf(accountId, signInId) : undefined
      if (!signIn?.endedAt) throw new NotFoundError()
      ended([{ id: signIn.id, endedAt: signIn.endedAt }])
      return signIn
    },

    endSignInsOf: async (accountId) => ended(await store.endAllOf(accountId)),

    async signInsOf(viewer, accountIds) {
      const admin = viewer?.roles.includes('ADMIN') ?? false
      const visible = accountIds.filter((id) => admin || id === viewer?.accountId)
      const found = new Map<string, SignIn[]>(accountIds.map((id) => [id, []]))
      const rows = visible.length > 0 ? await store.live(visible, clock.now()) : []
      for (const signIn of rows) found.get(signIn.accountId)?.push(signIn)
      return found
    },

    dropOldSignIns: () => store.dropOld(clock.now()),
  }
}
