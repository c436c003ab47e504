import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../../platform/derive-key.ts'

const shape = /^vs1\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/

export interface SessionSecrets {
  /** `vs1.<device id ‖ session id>.<HMAC of those 32 bytes>`: a bearer token for one session, kept nowhere. */
  make(deviceId: string, sessionId: string): string
  /** Whose it is, if it is ours. */
  read(secret: string): { deviceId: string; sessionId: string } | undefined
}

/** The key that session secrets are made with. */
export const sessionKey = (secret: string): Buffer => deriveKey(secret, 'session-secret')

export function createSessionSecrets(key: Buffer): SessionSecrets {
  const sign = (ids: Buffer) => createHmac('sha256', key).update(ids).digest()
  return {
    make(deviceId, sessionId) {
      const ids = Buffer.from(`${deviceId}${sessionId}`.replaceAll('-', ''), 'hex')
      return `vs1.${ids.toString('base64url')}.${sign(ids).toString('base64url')}`
    },
    read(secret) {
      const [, subject, signature] = shape.exec(secret) ?? []
      if (subject === undefined || signature === undefined) return undefined
      const ids = Buffer.from(subject, 'base64url')
      if (!timingSafeEqual(sign(ids), Buffer.from(signature, 'base64url'))) return undefined
      const hex = ids.toString('hex')
      return { deviceId: written(hex.slice(0, 32)), sessionId: written(hex.slice(32)) }
    },
  }
}

function written(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
