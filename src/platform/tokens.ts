import { randomBytes } from 'node:crypto'
import { type CryptoKey, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Clock } from './clock.ts'
import { TokenExpiredError, UnauthenticatedError } from './errors.ts'
import { isId } from './ids.ts'

/** What a token may be for, by its `typ`, and the audience that goes with it: no kind is ever taken for another. */
const audiences = { 'device+jwt': 'vicinity:device', 'at+jwt': 'vicinity:api' } as const
export type TokenKind = keyof typeof audiences

export interface TokenClaims {
  kind: TokenKind
  /** The id of the device or account. */
  subject: string
  /** The signing-in that it belongs to, and the device that this happened on, if it was given out for one. */
  signInId: string | null
  deviceId: string | null
  kid: string
  /** Seconds since 1970. */
  expiresAt: number
}

/** What a token says of the signing-in that it was given out for. */
export interface SignInClaims {
  signInId: string
  deviceId: string | null
}

export interface SigningKeys {
  /** The key that signs now. */
  signer(): { kid: string; privateKey: CryptoKey }
  /** The public key of this name, if it is known and still accepted. */
  verifier(kid: string): CryptoKey | undefined
  /** Looks for keys that another node has made. */
  refresh(): Promise<void>
}

export interface Tokens {
  issue(kind: TokenKind, subject: string, signIn?: SignInClaims): Promise<{ token: string; expiresAt: Date }>
  /** Refuses whatever is not a living token of ours with UNAUTHENTICATED, and one that has ended with TOKEN_EXPIRED. */
  verify(token: string): Promise<TokenClaims>
  /** The same for claims that were verified before: time goes on, and keys end. */
  recheck(claims: TokenClaims): void
}

const algorithm = 'EdDSA'
const clockToleranceSeconds = 5
/** jose has no limit of its own; ours are below 500 characters. */
const longestToken = 4096
// Three parts, the last of them 64 bytes: nothing else is worth decoding.
const tokenShape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/
const kidShape = /^[A-Za-z0-9_-]{43}$/

export function createTokens(deps: {
  keys: SigningKeys
  clock: Clock
  issuer: string
  /** No token counts for longer than its kind's life, whatever it says itself. */
  lifeSeconds: Record<TokenKind, number>
  /** The life of those that belong to a signing-in: it is asked again and again. */
  signInSeconds: number
}): Tokens {
  const { keys, clock, issuer, lifeSeconds, signInSeconds } = deps
  const nowSeconds = () => Math.floor(clock.now() / 1000)

  function recheck({ kid, expiresAt }: TokenClaims): void {
    if (!keys.verifier(kid)) throw new UnauthenticatedError()
    if (expiresAt <= nowSeconds() - clockToleranceSeconds) throw new TokenExpiredError()
  }

  return {
    recheck,

    async issue(kind, subject, signIn) {
      const { kid, privateKey } = keys.signer()
      const issuedAt = nowSeconds()
      const expiresAt = issuedAt + (signIn ? signInSeconds : lifeSeconds[kind])
      const token = await new SignJWT(
        signIn && { sid: signIn.signInId, ...(signIn.deviceId === null ? {} : { did: signIn.deviceId }) },
      )
        .setProtectedHeader({ alg: algorithm, kid, typ: kind })
        .setIssuer(issuer)
        .setAudience(audiences[kind])
        .setSubject(subject)
        .setJti(randomBytes(16).toString('base64url'))
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(privateKey)
      return { token, expiresAt: new Date(expiresAt * 1000) }
    },

    async verify(token) {
      if (token.length > longestToken || !tokenShape.test(token)) throw new UnauthenticatedError()
      const { kind, kid } = peek(token)
      // A header's jku, jwk and x5u are never looked at: the only keys are our own, found by name in memory.
      if (!keys.verifier(kid)) await keys.refresh()
      const key = keys.verifier(kid)
      if (!key) throw new UnauthenticatedError()
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        typ: kind,
        issuer,
        audience: audiences[kind],
        requiredClaims: ['sub', 'jti', 'iat', 'exp'],
        maxTokenAge: lifeSeconds[kind],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(clock.now()),
      }).catch(refuse)
      const life = payload['sid'] === undefined ? lifeSeconds[kind] : signInSeconds
      const claims = { kind, kid, ...claimsOf(payload, life) }
      recheck(claims)
      return claims
    },
  }
}

/** Which rules to verify by. A closed list to choose from; whether the header tells the truth is for the signature to say. */
function peek(token: string): { kind: TokenKind; kid: string } {
  try {
    const { typ, kid } = decodeProtectedHeader(token)
    if (typ !== undefined && Object.hasOwn(audiences, typ) && kid !== undefined && kidShape.test(kid)) {
      return { kind: typ as TokenKind, kid }
    }
  } catch {
    // Falls through: unreadable is as good as unknown.
  }
  throw new UnauthenticatedError()
}

function refuse(error: unknown): never {
  if (error instanceof errors.JWTExpired) throw new TokenExpiredError()
  if (error instanceof errors.JOSEError || error instanceof TypeError) throw new UnauthenticatedError()
  throw error
}

function claimsOf(payload: JWTPayload, life: number): Omit<TokenClaims, 'kind' | 'kid'> {
  const { sub, iat, exp, jti, sid = null, did = null } = payload
  if (!isIdClaim(sub) || typeof jti !== 'string' || iat === undefined || exp === undefined) {
    throw new UnauthenticatedError()
  }
  if ((sid !== null && !isIdClaim(sid)) || (did !== null && !isIdClaim(did))) throw new UnauthenticatedError()
  return { subject: sub, signInId: sid, deviceId: did, expiresAt: Math.min(exp, iat + life) }
}

const isIdClaim = (claim: unknown): claim is string => typeof claim === 'string' && isId(claim)
