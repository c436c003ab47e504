/** A token that is sent along, and until when, on this machine's clock. */
export interface Access {
  token: string
  receivedAtMs: number
  expiresAtMs: number
}

/**
 * An access token as it was received. How long it lives is taken from the token itself where it can be read, so that a phone
 * whose clock is an hour wrong does not hold a fresh token to be an old one.
 */
export function receivedAccess(token: string, expiresAt: string, nowMs: number): Access {
  const lifeMs = writtenLifeMs(token) ?? Date.parse(expiresAt) - nowMs
  return { token, receivedAtMs: nowMs, expiresAtMs: nowMs + lifeMs }
}

function writtenLifeMs(token: string): number | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
    const { iat, exp } = JSON.parse(atob(payload)) as { iat?: unknown; exp?: unknown }
    return typeof iat === 'number' && typeof exp === 'number' ? (exp - iat) * 1000 : undefined
  } catch {
    return undefined
  }
}
