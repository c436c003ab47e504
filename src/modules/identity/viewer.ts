export type Role = 'USER' | 'ORGANIZER' | 'MODERATOR' | 'ADMIN'

/** Whoever makes a request, as its token says. Nobody is `null`. */
export interface Viewer {
  /** Names the viewer in rate limits, idempotency keys and (hashed) in logs: `device:<id>` or `account:<id>`. */
  principal: string
  deviceId: string | null
  accountId: string | null
  roles: readonly Role[]
  /** Set when the token is the secret of one session: it may act for that session and for nothing else. */
  sessionId: string | null
  /** When the token ends, milliseconds; Infinity for a session's secret, which ends with the session. */
  expiresAtMs: number
}
