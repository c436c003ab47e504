import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { deriveKey } from '../../platform/derive-key.ts'

/** The end of the log at some moment. */
export interface LogEnd {
  seq: number
  hash: Buffer
}

export interface Checkpoint extends LogEnd {
  keyId: string
  signature: Buffer
}

export interface CheckpointSigner {
  sign(end: LogEnd): Checkpoint
  /** Whether this deployment signed it. */
  holds(checkpoint: Checkpoint): boolean
}

/** An Ed25519 private key in PKCS #8 is this, then its 32 bytes (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Signs with a key out of the deployment's secret, which the database does not know: whoever can write there cannot sign. */
export function createCheckpointSigner(secret: string): CheckpointSigner {
  const seed = deriveKey(secret, 'audit-checkpoints')
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const keyId = createHash('sha256').update(der).digest('hex').slice(0, 16)
  const said = ({ seq, hash }: LogEnd) => Buffer.from(`vicinity audit checkpoint ${seq} ${hash.toString('hex')}`)
  return {
    sign: (end) => ({ ...end, keyId, signature: sign(null, said(end), privateKey) }),
    holds: ({ keyId: by, signature, ...end }) => by === keyId && verify(null, said(end), publicKey, signature),
  }
}
