import type { LoginInput, RegisterInput } from '../../generated/graphql.ts'
import { LoginText, LogoutText, RefreshText, RegisterText } from '../../generated/operations.ts'
import type { Clock } from '../environment.ts'
import { VicinityError } from '../errors.ts'
import type { Send } from '../transport/http.ts'
import { type Access, receivedAccess } from './access.ts'
import type { LoginResult, RegisterResult, TokenStorage } from './auth-types.ts'
import type { Tabs } from './tabs.ts'

/** Nothing of ours is asked for in the last so many milliseconds of a token. */
const marginMs = 30_000
/** The server gives the answer that got lost once more, for ten seconds: all tries fit into that. */
const retriesMs = [200, 600, 1500]
export const answerWithinMs = 2500

interface SignedInFields {
  account: { id: string }
  accessToken: string
  accessTokenExpiresAt: string
  refreshToken: string | null
}

export interface AccountDeps {
  send: Send
  storage: TokenStorage
  /** The refresh token is in a cookie, which scripts cannot read, instead of the storage. */
  cookie: boolean
  lock: <T>(work: () => Promise<T>) => Promise<T>
  tabs: Tabs
  clock: Clock
  /** What signing in is sent with, so that it is on this device. */
  deviceToken(): Promise<string | null>
  changed(change: AccountChange): void
}

/** `entered`: signed in, where nobody was. `left`: signed out, or as somebody else. `ended`: by the server. */
export type AccountChange = 'entered' | 'left' | 'ended'

/** One sign-in: its access token in memory, its refresh token in the storage, and never the same one spent twice. */
export function createAccountSignIn(deps: AccountDeps) {
  const { send, storage, cookie, lock, tabs, clock, deviceToken, changed } = deps
  let isIn = false
  let accountId: string | undefined
  let access: Access | undefined
  let renewal: Promise<boolean> | undefined
  /** The refresh token that this one has last seen in the storage. */
  let known: string | null = null
  /** Whoever signs out meanwhile does not want what a request of before is answered. */
  let era = 0

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  const isEnding = ({ receivedAtMs, expiresAtMs }: Access) =>
    clock.now() >= expiresAtMs - Math.min(marginMs, (expiresAtMs - receivedAtMs) / 4)

  function become(next: { accountId: string; access: Access }) {
    const before = isIn
    const other = accountId !== undefined && accountId !== next.accountId
    isIn = true
    accountId = next.accountId
    access = next.access
    if (other) changed('left')
    if (!before || other) changed('entered')
  }

  function leave(change: 'left' | 'ended') {
    era += 1
    access = undefined
    accountId = undefined
    if (!isIn) return
    isIn = false
    changed(change)
  }

  async function keep(fields: SignedInFields, since: number): Promise<void> {
    const { account, accessToken, accessTokenExpiresAt, refreshToken } = fields
    const next = { accountId: account.id, access: receivedAccess(accessToken, accessTokenExpiresAt, clock.now()) }
    known = refreshToken
    try {
      // First of all: the one before it is spent. Whoever has signed out meanwhile ends this one.
      if (!cookie) await storage.set(refreshToken)
    } finally {
      if (since === era) {
        become(next)
        tabs.tell({ kind: 'access', ...next })
      }
    }
  }

  async function stored(): Promise<string | null> {
    known = cookie ? null : await storage.get()
    return known
  }

  /** The token that was kept until now. */
  async function forgotten(): Promise<string | null> {
    const refreshToken = await stored()
    if (!cookie) await storage.set(null)
    return refreshToken
  }

  /** Exchanges a refresh token. No answer within the server's grace means that it is asked for once more. */
  async function spend(refreshToken: string | null) {
    for (const waitMs of [...retriesMs, undefined]) {
      try {
        const input = refreshToken === null ? {} : { refreshToken }
        const options = { token: null, cookies: cookie, deadlineMs: answerWithinMs }
        const { refresh } = await send(RefreshText, { input }, options)
        if (refresh) return refresh
        throw new VicinityError('PROTOCOL', 'The server answered nothing')
      } catch (error) {
        if (waitMs === undefined || !(error instanceof VicinityError) || error.code !== 'NETWORK') throw error
        await pause(waitMs)
      }
    }
    throw new Error('never')
  }

  async function renewUnlike(refused: string | undefined): Promise<boolean> {
    // While this one waited another tab may have told its token.
    if (access && access.token !== refused && !isEnding(access)) return true
    const since = era
    let refreshToken = await stored()
    for (;;) {
      if (!cookie && refreshToken === null) {
        leave('left')
        return false
      }
      const answer = await spend(refreshToken)
      if (answer.__typename === 'RefreshPayload') {
        await keep(answer, since)
        return since === era
      }
      const { __typename, message } = answer as { __typename: string; message?: string }
      // Who is banned is signed out; `login` says why.
      const isOver = __typename === 'SignInEndedError' || __typename === 'AccountBannedError'
      if (!isOver) throw new VicinityError('INTERNAL', message ?? __typename)
      const spent = refreshToken
      refreshToken = await stored()
      // Otherwise somebody without our lock was quicker.
      if (refreshToken === spent) {
        if (!cookie) await storage.set(null)
        if (since === era) leave('ended')
        return false
      }
    }
  }

  /** Another access token than the one that was refused; whoever asks meanwhile waits for the same. */
  function renew(refused: string | undefined): Promise<boolean> {
    renewal ??= lock(() => renewUnlike(refused)).finally(() => {
      renewal = undefined
    })
    return renewal
  }

  /** Without a network the server hears nothing of it; the sign-in ends by itself then. */
  async function endAtServer(refreshToken: string | null): Promise<void> {
    const input = refreshToken === null ? {} : { refreshToken }
    await send(LogoutText, { input }, { token: null, cookies: cookie }).catch(() => undefined)
  }

  async function enter<Result extends { __typename: string }>(
    ask: (token: string | null) => Promise<Result | null | undefined>,
  ): Promise<Result> {
    const token = await deviceToken()
    return lock(async () => {
      const since = era
      const before = await stored()
      const result = await ask(token)
      if (!result) throw new VicinityError('PROTOCOL', 'The server answered nothing')
      if ('accessToken' in result) {
        await keep(result as unknown as SignedInFields, since)
        // Nobody can refresh the one before it any more.
        if (before !== null) await endAtServer(before)
      }
      return result
    })
  }

  tabs.listen((message) => {
    if (message.kind === 'access') become(message)
    else leave('left')
  })

  return {
    isIn: () => isIn,
    /** Looks whether somebody is signed in, from before. Rejects where only the server knows and cannot be reached. */
    async restore(): Promise<void> {
      if (cookie) await lock(() => renewUnlike(undefined))
      else if ((await stored()) !== null && !isIn) {
        isIn = true
        changed('entered')
      }
    },
    register: (input: RegisterInput): Promise<RegisterResult> =>
      enter(async (token) => (await send(RegisterText, { input }, { token, cookies: cookie })).register),
    login: (input: LoginInput): Promise<LoginResult> =>
      enter(async (token) => (await send(LoginText, { input }, { token, cookies: cookie })).login),
    async logout(): Promise<void> {
      leave('left')
      tabs.tell({ kind: 'signed-out' })
      // At once, since the page may be closed before it is this one's turn; and then whatever a refresh has put there meanwhile.
      const before = await forgotten()
      await lock(async () => endAtServer((await forgotten()) ?? before))
    },
    /** The token to send now. */
    async token(): Promise<string | undefined> {
      if (isIn && (renewal || !access || isEnding(access))) await renew(access?.token)
      return access?.token
    },
    renew,
    /** Whether a refused token was this sign-in's, or that of another one before. */
    owns: (token: string) => access?.token === token,
    /** Whether it is worth to ask for another one, so soon. */
    isFresh: () => access !== undefined && clock.now() - access.receivedAtMs < marginMs,
    /** The server has ended it: nothing of it is of use any more. */
    async end(): Promise<void> {
      leave('ended')
      if (cookie) return
      // Not what another tab has signed in with since.
      const over = known
      await lock(async () => {
        if ((await storage.get()) === over) await storage.set(null)
      })
    },
  }
}
