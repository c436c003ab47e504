export type Role = 'USER' | 'ORGANIZER' | 'MODERATOR' | 'ADMIN'

/** Whoever makes a request, as its token says. Nobody is `null`. */
export interface Viewer {
  /** Names the viewer in rate limits, idempotency keys and (hashed) in logs: `device:<id>` or `account:<id>`. */
  principal: string
  /** Also of an account that signed in on one. What passes by is the device's, what lasts is the account's. */
  deviceId: string | null
  accountId: string | null
  /** The signing-in that the account's token was given out for; null for everybody else. */
  signInId: string | null
  roles: readonly Role[]
  /** Set when the token is the secret of one session: it may act for that session and for nothing else. */
  sessionId: string | null
  /** When the token ends, milliseconds; Infinity for a session's secret, which ends with the session. */
  expiresAtMs: number
}

/** Under which names the viewer's right can end: when one of them is revoked, it has. */
export function revocableNames({
  deviceId,
  accountId,
  signInId,
}: Pick<Viewer, 'deviceId' | 'accountId' | 'signInId'>): string[] {
  const names: string[] = []
  if (accountId !== null) names.push(`account:${accountId}`)
  if (signInId !== null) names.push(`sign-in:${signInId}`)
  if (deviceId !== null) names.push(`device:${deviceId}`)
  return names
}
