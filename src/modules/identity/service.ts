// Invariant: a token speaks for its device or account until it ends or is revoked, on every node alike, whichever key signed it.
import { createHmac, randomBytes } from 'node:crypto'
import type { JWK } from 'jose'
import type { Clock } from '../../platform/clock.ts'
import { deriveKey } from '../../platform/derive-key.ts'
import { BadUserInputError, ForbiddenError, NotFoundError, RevokedError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { createKeyring } from '../../platform/keyring.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { createTokens } from '../../platform/tokens.ts'
import { createAuthentication } from './authentication.ts'
import { createCredentialStore } from './credential-store.ts'
import { createErasedName, type ErasedName } from './erased.ts'
import { type Ban, DeviceRevokedError } from './errors.ts'
import { createHints } from './hints.ts'
import { checkedPassword, createPasswords } from './password.ts'
import { createRegistration, type Names, type RegistrationService } from './registration.ts'
import { createRevocations, type Revoked } from './revocations.ts'
import { createRoleStore } from './role-store.ts'
import { createRoles, type RoleService } from './roles.ts'
import { createSessionSecrets, sessionKey } from './session-secrets.ts'
import type { EndedSignIn } from './sign-in-rows.ts'
import { createSignInStore } from './sign-in-store.ts'
import { createSignIns, createSigningIn, type SignInService, type SignInTokens } from './sign-ins.ts'
import { type Account, createIdentityStore, type Device, type ErasureRequest } from './store.ts'
import type { Viewer } from './viewer.ts'

export interface DeviceCredentials {
  deviceId: string
  registeredAt: Date
  device: Device
  token: string
  expiresAt: Date
}

export interface IdentityService extends RegistrationService, SignInService, RoleService {
  /** Whom a bearer token speaks for. Refuses with UNAUTHENTICATED, TOKEN_EXPIRED or SESSION_REVOKED. Repeating it is safe and cheap. */
  authenticate(token: string): Promise<Viewer>
  /**
   * Makes an anonymous device. Refuses a malformed client id, and an address that has made too many. Repeating it with the
   * same client id from the same address within ten minutes gives the same device, or refuses if that was revoked meanwhile.
   */
  registerDevice(input: { clientId: string | null; address: string }): Promise<DeviceCredentials>
  /** A new token for the viewer's device, by its own token; the old one stays valid until its own end. Refuses a revoked device. Repeating it gives another. */
  renewDevice(viewer: Viewer): Promise<DeviceCredentials>
  /** Ends every token of the viewer's own device, or of any for ADMIN; refuses others with NOT_FOUND. Repeating it is safe. */
  revokeDevice(viewer: Viewer, deviceId?: string | null): Promise<Device>
  /**
   * Ends every token of the viewer's own device, and erases it and whatever it left, anywhere, within seconds. Refuses a session's secret.
   * Repeating it gives the same, until the device is gone.
   */
  deleteDevice(viewer: Viewer): Promise<ErasureRequest>
  /** The devices of these ids that the viewer may see: the own one, and any for ADMIN. */
  devices(viewer: Viewer | null, ids: string[]): Promise<Map<string, Device>>
  /** The accounts of these ids that the viewer may see: the own one, and any for ADMIN. */
  accounts(viewer: Viewer | null, ids: readonly string[]): Promise<Map<string, Account>>
  /** The account that the viewer is signed in with. */
  account(viewer: Viewer | null): Promise<Account | null>
  /** The roles of those of these accounts that are there: for looking after what was opened with them. */
  rolesOf(accountIds: readonly string[]): Promise<Map<string, Viewer['roles']>>
  /** Whether the viewer was revoked after it was let in. */
  isRevoked(viewer: Viewer): boolean
  /** Tells of every revocation, on every node within a second of its commit, so that live sockets are cut. */
  onRevoked(listener: (revoked: Revoked) => void): void
  /** Takes in what another module has just revoked in Postgres, and has every node look: `account:<id>`. Repeating it is safe. */
  revoked(name: string, row: { revokedAt: Date | null }): void
  /** What proves the erasure of a device or an account, in the place of its id. */
  erasedName: ErasedName
  /** The public keys, also the one that signs next. */
  jwks(): { keys: JWK[] }
  /** Makes the next signing key, and tells its name. Repeating it before that one signs gives the same. */
  rotateSigningKey(): Promise<string>
  /** For the set-up: a token of twelve hours that belongs to no signing-in. Refuses an unknown name, and a revoked account. */
  mintAccountToken(username: string): Promise<string>
  /** For the set-up, past the limits: a password for an account that is there. */
  givePassword(username: string, password: string): Promise<void>
  /** For the set-up, past password and limits: a signing-in to an account that has a password, on a device if one is given. */
  mintSignIn(accountId: string, deviceToken?: string): Promise<SignInTokens>
  /** For the set-up, past the limits: a token for a device that is there. */
  mintDeviceToken(deviceId: string): Promise<string>
  /** The bearer token of one session, the same every time. */
  sessionSecret(deviceId: string, sessionId: string): string
  close(): void
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const daySeconds = 24 * 60 * 60

const registerLimits: Limit[] = [
  { name: 'register-minute', count: 10, windowMs: minuteMs },
  { name: 'register-hour', count: 100, windowMs: hourMs },
]
const renewLimit: Limit = { name: 'renew-device', count: 30, windowMs: hourMs }
/** A registration can be repeated within such a window. */
const registrationWindowMs = 10 * minuteMs
const accountTokenSeconds = daySeconds / 2
const accessTokenSeconds = 15 * 60
const clientIdShape = /^[A-Za-z0-9_-]{8,64}$/

export async function createIdentityService(deps: {
  postgres: Postgres
  redis: RedisConnections
  clock: Clock
  limiter: RateLimiter
  logger: Logger
  secret: string
  tokens: { issuer: string; deviceDays: number; signingKeyDays: number }
  /** Told when a device is to be erased: what others can see of it ends at once. */
  onDeleted: (deviceId: string) => Promise<void>
  /** What keeps an account from being signed in, as of now; fails rather than not knowing. */
  banOf: (accountId: string) => Promise<Ban | null>
  /** What lets a banned account appeal the decision that bans it; null: that cannot be appealed. */
  appealTokenOf: (accountId: string, decisionId: string) => Promise<string | null>
  /** What new accounts may be called. */
  names: Names
  /** Told when an account has been made. */
  onRegistered?: (accountId: string) => Promise<void>
}): Promise<IdentityService> {
  const { clock, limiter, logger, secret, tokens: settings } = deps
  const store = createIdentityStore(deps.postgres)
  const lifeSeconds = { 'device+jwt': settings.deviceDays * daySeconds, 'at+jwt': accountTokenSeconds }
  const longestLifeMs = Math.max(...Object.values(lifeSeconds)) * secondMs
  const registrationKey = deriveKey(secret, 'device-registration')
  const erasedName = createErasedName(secret)
  const sessionSecrets = createSessionSecrets(sessionKey(secret))

  // Listening comes before the first look at Postgres, so that nothing is missed in between.
  const hints = createHints(deps.redis)
  const stops: (() => void)[] = [hints.close]
  const close = () => {
    for (const stop of stops.reverse()) stop()
  }

  async function start() {
    const keyring = await createKeyring({
      ...{ store, clock, logger, secret, longestLifeMs },
      signsForMs: settings.signingKeyDays * daySeconds * secondMs,
      onChanged: () => hints.send('keys'),
    })
    stops.push(keyring.close)
    const revocations = await createRevocations({
      ...{ store, logger, erasedName, keepMs: longestLifeMs + hourMs },
      keepSignInsMs: accessTokenSeconds * secondMs + hourMs,
    })
    stops.push(revocations.close)
    hints.on('keys', keyring.reload)
    hints.on('revocations', revocations.look)
    return { keyring, revocations }
  }

  const { keyring, revocations } = await start().catch((error: unknown) => {
    close()
    throw error
  })
  const tokens = createTokens({
    ...{ keys: keyring, clock, issuer: settings.issuer, lifeSeconds },
    signInSeconds: accessTokenSeconds,
  })
  const authenticate = createAuthentication({
    ...{ tokens, sessionSecrets, revocations, clock },
    findAccount: store.account,
    sessionSecretLifeMs: lifeSeconds['device+jwt'] * secondMs,
  })

  const keyed = (...parts: (string | number)[]) =>
    createHmac('sha256', registrationKey).update(JSON.stringify(parts)).digest('base64url')

  async function credentials(device: Device): Promise<DeviceCredentials> {
    const { id: deviceId, registeredAt } = device
    return { deviceId, registeredAt, device, ...(await tokens.issue('device+jwt', deviceId)) }
  }

  function revoked(name: string, { revokedAt }: { revokedAt: Date | null }) {
    revocations.add(name, (revokedAt ?? new Date(clock.now())).getTime())
    hints.send('revocations')
  }

  const signingIn = {
    ...{ store: createSignInStore(deps.postgres), credentials: createCredentialStore(deps.postgres) },
    ...{ passwords: createPasswords(), tokens, limiter, clock, logger, keyed },
    ...{ banOf: deps.banOf, appealTokenOf: deps.appealTokenOf },
    onEnded(ended: EndedSignIn[]) {
      for (const { id, endedAt } of ended) revoked(`sign-in:${id}`, { revokedAt: endedAt })
    },
  }

  return {
    authenticate,
    ...createRegistration({
      ...{ ...signingIn, onRegistered: deps.onRegistered ?? (async () => undefined), names: deps.names },
      isRevoked: (accountId) => revocations.has({ accountId, deviceId: null, signInId: null }),
    }),
    ...createSignIns(signingIn),
    ...createRoles({
      store: createRoleStore(deps.postgres),
      clock,
      onRevoked: ({ id, revokedAt }) => revoked(`account:${id}`, { revokedAt }),
    }),

    async registerDevice({ clientId, address }) {
      if (clientId !== null && !clientIdShape.test(clientId)) {
        throw new BadUserInputError('A clientId is 8 to 64 characters out of A–Z, a–z, 0–9, _ and -.', 'clientId')
      }
      const who = keyed('address', address)
      for (const limit of registerLimits) await limiter.take(limit, who)
      const nowMs = clock.now()
      const registration =
        clientId === null
          ? randomBytes(32).toString('base64url')
          : keyed('client', clientId, address, Math.floor(nowMs / registrationWindowMs))
      const device = await store.register(createId(nowMs), registration, nowMs)
      if (device.revokedAt) throw new DeviceRevokedError()
      return credentials(device)
    },

    async renewDevice(viewer) {
      const deviceId = ownDevice(viewer)
      await limiter.take(renewLimit, deviceId)
      const device = await store.renew(deviceId, clock.now())
      if (!device) throw new DeviceRevokedError()
      return credentials(device)
    },

    async revokeDevice(viewer, given) {
      if (viewer.sessionId !== null) throw new ForbiddenError()
      const deviceId = given ?? viewer.deviceId
      if (deviceId === null) throw new BadUserInputError('Say which device.', 'deviceId')
      const allowed = deviceId === viewer.deviceId || viewer.roles.includes('ADMIN')
      const device = allowed && isId(deviceId) ? await store.revokeDevice(deviceId) : undefined
      if (!device) throw new NotFoundError()
      revoked(`device:${device.id}`, device)
      return device
    },

    async deleteDevice(viewer) {
      const deviceId = ownDevice(viewer)
      const request = await store.eraseDevice(deviceId, createId(clock.now()), erasedName(deviceId))
      if (!request) throw new RevokedError()
      revoked(`device:${deviceId}`, request)
      // Should a store not answer, the job does it.
      await deps
        .onDeleted(deviceId)
        .catch((error: unknown) => logger.debug('device not ended at once', describeError(error)))
      return request
    },

    async devices(viewer, ids) {
      const admin = viewer?.roles.includes('ADMIN') ?? false
      const visible = ids.filter((id) => isId(id) && (admin || id === viewer?.deviceId))
      const found = visible.length > 0 ? await store.devices(visible) : []
      return new Map(found.map((device) => [device.id, device]))
    },

    async accounts(viewer, ids) {
      const admin = viewer?.roles.includes('ADMIN') ?? false
      const visible = ids.filter((id) => isId(id) && (admin || id === viewer?.accountId))
      const found = visible.length > 0 ? await store.accounts(visible) : []
      return new Map(found.map((account) => [account.id, account]))
    },

    async rolesOf(accountIds) {
      const found = await store.accounts([...new Set(accountIds)].filter(isId))
      return new Map(found.map(({ id, roles }) => [id, roles]))
    },

    async account(viewer) {
      return (viewer?.accountId != null && (await store.account(viewer.accountId))) || null
    },

    isRevoked: revocations.has,
    onRevoked: revocations.onRevoked,
    revoked,
    erasedName,
    jwks: keyring.jwks,
    rotateSigningKey: keyring.rotate,

    async mintAccountToken(username) {
      const account = await store.accountNamed(username)
      if (!account) throw new NotFoundError()
      if (account.revokedAt) throw new RevokedError()
      return (await tokens.issue('at+jwt', account.id)).token
    },
    givePassword: async (username, password) =>
      signingIn.credentials.give(username, await signingIn.passwords.hash(checkedPassword(password))),
    async mintSignIn(accountId, deviceToken) {
      const { prepare, tokensFor, ended } = createSigningIn(signingIn)
      const { added, refreshToken } = prepare(null, deviceToken === undefined ? null : await authenticate(deviceToken))
      const found = await signingIn.credentials.of(accountId)
      const signedIn = found?.passwordHash && (await signingIn.store.signIn(accountId, found.passwordHash, added))
      if (!signedIn) throw new NotFoundError()
      ended(signedIn.ended)
      return tokensFor(signedIn, refreshToken)
    },
    mintDeviceToken: async (deviceId) => (await tokens.issue('device+jwt', deviceId)).token,

    sessionSecret: sessionSecrets.make,
    close,
  }
}

/** The device whose own token this is: what a device does to itself needs no less. */
function ownDevice({ deviceId, accountId, sessionId }: Viewer): string {
  if (deviceId === null || accountId !== null || sessionId !== null) throw new ForbiddenError()
  return deviceId
}
