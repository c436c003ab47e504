import type { Clock } from '../../platform/clock.ts'
import { RevokedError, UnauthenticatedError } from '../../platform/errors.ts'
import type { TokenClaims, Tokens } from '../../platform/tokens.ts'
import type { Revocations } from './revocations.ts'
import type { SessionSecrets } from './session-secrets.ts'
import type { Account } from './store.ts'
import type { Role, Viewer } from './viewer.ts'

/** Tokens whose signature need not be checked again. By the whole token: two writings of one token are two entries. */
const remembered = 10_000
/** A change of roles counts after so long at the latest. */
const rolesForMs = 10_000

interface Seen {
  claims: TokenClaims
  viewer: Viewer
  /** When the account was read; devices have nothing to read. */
  readAtMs: number
}

/** Who a bearer token speaks for. What was verified is remembered; whether it has ended or was revoked is asked every time. */
export function createAuthentication(deps: {
  tokens: Tokens
  sessionSecrets: SessionSecrets
  revocations: Revocations
  clock: Clock
  findAccount: (id: string) => Promise<Account | undefined>
  /** A session's secret has no end of its own; it is refused once a revocation of its device may be forgotten. */
  sessionSecretLifeMs: number
}): (token: string) => Promise<Viewer> {
  const { tokens, sessionSecrets, revocations, clock, findAccount, sessionSecretLifeMs } = deps
  const seen = new Map<string, Seen>()

  async function verified(token: string): Promise<Viewer> {
    const before = seen.get(token)
    if (before) {
      seen.delete(token)
      tokens.recheck(before.claims)
    }
    const claims = before?.claims ?? (await tokens.verify(token))
    const fresh = before && (claims.kind === 'device+jwt' || clock.now() - before.readAtMs < rolesForMs)
    const entry = fresh ? before : { claims, viewer: await viewerOf(claims), readAtMs: clock.now() }
    seen.set(token, entry)
    if (seen.size > remembered) seen.delete(seen.keys().next().value ?? '')
    return entry.viewer
  }

  async function viewerOf({ kind, subject, deviceId, signInId, expiresAt }: TokenClaims): Promise<Viewer> {
    const expiresAtMs = expiresAt * 1000
    if (kind === 'device+jwt') return deviceViewer(subject, null, expiresAtMs)
    const account = await findAccount(subject)
    if (!account) throw new UnauthenticatedError()
    if (account.revokedAt) throw new RevokedError()
    return {
      ...{ principal: `account:${subject}`, deviceId, accountId: subject, signInId, roles: account.roles },
      ...{ sessionId: null, expiresAtMs },
    }
  }

  function sessionViewer(token: string): Viewer {
    const ids = sessionSecrets.read(token)
    if (!ids || bornAtMs(ids.sessionId) < clock.now() - sessionSecretLifeMs) throw new UnauthenticatedError()
    return deviceViewer(ids.deviceId, ids.sessionId, Number.POSITIVE_INFINITY)
  }

  return async (token) => {
    const viewer = token.startsWith('vs1.') ? sessionViewer(token) : await verified(token)
    const looking = revocations.recent()
    if (looking) await looking
    if (revocations.has(viewer)) throw new RevokedError()
    return viewer
  }
}

function deviceViewer(deviceId: string, sessionId: string | null, expiresAtMs: number): Viewer {
  const roles: readonly Role[] = []
  const nobody = { accountId: null, signInId: null, roles }
  return { principal: `device:${deviceId}`, deviceId, ...nobody, sessionId, expiresAtMs }
}

/** A UUIDv7 begins with the time it was made, 48 bits of milliseconds. */
function bornAtMs(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16)
}
