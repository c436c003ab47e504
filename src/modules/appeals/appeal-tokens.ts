import { deriveKey } from '../../platform/derive-key.ts'
import { seal, unseal } from '../../platform/sealed.ts'

/** So long a token counts, milliseconds. */
export const appealTokenMs = 60 * 60 * 1000

const shape = /^va1\.([A-Za-z0-9_-]{104})$/
const inside = /^([0-9a-f-]{36}) (\d{13})$/

/** Sealed for one decision: it says whose it is and until when, and opens for no other. */
export function createAppealTokens(secret: string) {
  const key = deriveKey(secret, 'appeal-tokens')
  const label = (decisionId: string) => `appeal ${decisionId}`

  return {
    issue(accountId: string, decisionId: string, nowMs: number): string {
      const sealed = seal(key, label(decisionId), `${accountId} ${nowMs + appealTokenMs}`)
      return `va1.${sealed.toString('base64url')}`
    },

    /** The account that a token speaks for; undefined when it does not, or not in the matter of this decision. */
    accountOf(token: string, decisionId: string, nowMs: number): string | undefined {
      const [, sealed = ''] = shape.exec(token) ?? []
      const text = unseal(key, label(decisionId), Buffer.from(sealed, 'base64url'))
      const [, accountId, expiresAt] = inside.exec(text ?? '') ?? []
      return nowMs < Number(expiresAt) ? accountId : undefined
    },
  }
}
