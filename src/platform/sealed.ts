import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ivBytes = 12
const tagBytes = 16

/** AES-256-GCM: `iv ‖ tag ‖ ciphertext`. `label` is authenticated with it, so that a sealed value cannot be put in another's place. */
export const seal = (key: Buffer, label: string, text: string): Buffer => sealBytes(key, label, Buffer.from(text))

export function sealBytes(key: Buffer, label: string, bytes: Buffer): Buffer {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(label))
  const ciphertext = Buffer.concat([cipher.update(bytes), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext])
}

/** The text, or undefined when it was sealed with another key or label, or changed since. */
export const unseal = (key: Buffer, label: string, sealed: Buffer): string | undefined =>
  unsealBytes(key, label, sealed)?.toString('utf8')

export function unsealBytes(key: Buffer, label: string, sealed: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(label)).setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()])
  } catch {
    return undefined
  }
}
