import { type Clock, newClientId } from '../environment.ts'
import type { VicinityError } from '../errors.ts'
import { createObservable } from '../observable.ts'
import type { Send } from '../transport/http.ts'
import type { SocketAuth } from '../transport/socket.ts'
import { type AccountChange, createAccountSignIn } from './account.ts'
import type { Auth, AuthStatus, Lock, TokenStorage } from './auth-types.ts'
import { createDevice } from './device.ts'
import { defaultLock } from './lock.ts'
import { memoryTokens } from './storage.ts'
import { browserTabs, noTabs, type Tabs } from './tabs.ts'

export interface AuthOptions {
  /** Where the refresh token is kept. Without it the sign-in lasts as long as the process. */
  storage?: TokenStorage
  /** Where the token of the device is kept; likewise. */
  deviceStorage?: TokenStorage
  /** Keep the refresh token in an HttpOnly cookie instead: for web apps on the site of the API, or an allowed origin. */
  cookie?: boolean
  /** Tokens of your own, instead of all the above; asked for before each request and each connect. */
  token?: () => string | null | Promise<string | null>
  /** Default: Web Locks where there are any, otherwise within the process. */
  lock?: Lock
  /** Default: BroadcastChannel in a browser. */
  tabs?: Tabs
}

/** What the transports need of it. */
export interface Authority extends Auth, SocketAuth {
  /** A request with this token was refused. True: there is another one by now, so ask again. */
  another(token: string, error: VicinityError): Promise<boolean>
  dispose(): void
}

export interface AuthDeps {
  options: AuthOptions
  /** Says which deployment the tokens are of. */
  name: string
  send: Send
  clock: Clock
  changed(change: AccountChange): void
}

/** A fresh token that is refused, too, will not be followed by a better one. */
const refusalsAtMost = 3

export function createAuth({ options, name, send, clock, changed }: AuthDeps): Authority {
  const status = createObservable<AuthStatus>('restoring')
  const lock = options.lock ?? defaultLock()
  // What is kept in memory is this client's alone: it waits for nobody, and tells nobody.
  const isShared = options.storage !== undefined || options.cookie === true
  const room = isShared || options.deviceStorage ? name : `${name} ${newClientId()}`
  const locked =
    (what: string) =>
    <T>(work: () => Promise<T>) =>
      lock(`vicinity ${what} ${room}`, work)
  const tabs = options.tabs ?? (isShared ? browserTabs(`vicinity ${name}`) : noTabs)
  const own = options.token
  const identity = createObservable(0)
  let restored = false
  /** Tokens in a row that the socket was not let in with. */
  let refusals: string[] = []

  const nextIdentity = () => identity.set(identity.get() + 1)
  const show = () => {
    if (!restored && !account.isIn()) return
    const before = status.get()
    status.set(account.isIn() || own ? 'signed-in' : device.isRegistered() ? 'device' : 'signed-out')
    if (before !== 'restoring' && before !== status.get()) nextIdentity()
  }
  const device = createDevice({
    send,
    storage: options.deviceStorage ?? memoryTokens(),
    lock: locked('device'),
    clock,
    changed: () => show(),
  })
  const account = createAccountSignIn({
    send,
    storage: options.storage ?? memoryTokens(),
    cookie: options.cookie === true,
    lock: locked('account'),
    tabs,
    clock,
    deviceToken: async () => (await device.token()) ?? null,
    changed(change) {
      // As somebody else at once, the status stays what it was.
      if (change === 'left' && account.isIn()) nextIdentity()
      show()
      changed(change)
    },
  })

  let restoring: Promise<void> | undefined
  async function restore(): Promise<void> {
    if (!own) {
      await device.restore()
      await account.restore()
    }
    restored = true
    show()
  }
  /** Until it has worked: a cookie's sign-in is known only once the server was reached. */
  const ready = () => {
    restoring ??= restore().catch((error) => {
      restoring = undefined
      throw error
    })
    return restoring
  }
  ready().catch(() => undefined)

  async function accessToken(): Promise<string | null> {
    if (own) return own()
    await ready()
    return (await account.token()) ?? (await device.token()) ?? null
  }

  function ended(token: string | null): boolean {
    if (token === null || own) return true
    if (account.owns(token)) void account.end().catch(() => undefined)
    else if (device.owns(token)) void device.end().catch(() => undefined)
    else return false
    return true
  }

  return {
    status,
    identity,
    accessToken,
    async register(input) {
      await ready().catch(() => undefined)
      return account.register(options.cookie ? { ...input, cookie: true } : input)
    },
    async login(input) {
      await ready().catch(() => undefined)
      return account.login(options.cookie ? { ...input, cookie: true } : input)
    },
    async logout() {
      await ready().catch(() => undefined)
      await account.logout()
    },
    async refresh() {
      await ready()
      return account.renew(await account.token())
    },
    async registerDevice(input) {
      await ready().catch(() => undefined)
      return device.register(input)
    },
    async renewDevice() {
      await ready()
      return device.renew()
    },
    async another(token, { code }) {
      if (code === 'SESSION_REVOKED') ended(token)
      if (!['TOKEN_EXPIRED', 'UNAUTHENTICATED'].includes(code)) return false
      if (own || !account.owns(token)) return (await accessToken()) !== token
      // It may be the wish that is refused, and not the token.
      if (code === 'UNAUTHENTICATED' && account.isFresh()) return false
      return account.renew(token)
    },
    refused(token, closeCode) {
      if (own) return closeCode === 4411
      if (token === null || device.owns(token)) return false
      if (!refusals.includes(token)) refusals.push(token)
      // Without an answer it is tried again with the same token, after a pause: the network is at fault, not the token.
      if (account.owns(token)) void account.renew(token).catch(() => undefined)
      return refusals.length < refusalsAtMost
    },
    accepted() {
      refusals = []
    },
    ended,
    dispose: () => tabs.close(),
  }
}
