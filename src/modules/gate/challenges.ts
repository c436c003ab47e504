import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { isId } from '../../platform/ids.ts'

/** With how many zero bits the hash of an answer begins: about a second of work for a phone. */
export const difficulty = 16
const lifeMs = 10 * 60 * 1000
const longest = 512
const longestSolution = 64
const shape = /^c1\.([0-9a-f-]{36})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/

/**
 * What whoever is challenged has to work on. Nothing is kept of it: it names the restriction that it lifts, and nobody else can use it.
 * It is good for once, since a restriction is lifted once.
 */
export function createChallenges(key: Buffer) {
  const sign = (personId: string, restrictionId: string, endsAt: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([personId, restrictionId, endsAt]))
      .digest('base64url')

  return {
    make(personId: string, restrictionId: string, nowMs: number): string {
      const endsAt = (nowMs + lifeMs).toString(36)
      return `c1.${restrictionId}.${endsAt}.${sign(personId, restrictionId, endsAt)}`
    },

    /** The restriction that this lifts, and of whom of these; undefined when it is not theirs, too late, or not solved. */
    read(
      challenge: string,
      solution: string,
      personIds: readonly string[],
      nowMs: number,
    ): { personId: string; restrictionId: string } | undefined {
      if (challenge.length > longest || solution.length > longestSolution) return undefined
      const [, restrictionId = '', endsAt = '', signature = ''] = shape.exec(challenge) ?? []
      if (!isId(restrictionId) || Number.parseInt(endsAt, 36) <= nowMs) return undefined
      const isOf = (id: string) =>
        timingSafeEqual(Buffer.from(sign(id, restrictionId, endsAt)), Buffer.from(signature.padEnd(43)))
      const personId = personIds.find(isOf)
      return personId !== undefined && isSolved(challenge, solution) ? { personId, restrictionId } : undefined
    },
  }
}

export type Challenges = ReturnType<typeof createChallenges>

function isSolved(challenge: string, solution: string): boolean {
  const hash = createHash('sha256').update(`${challenge}.${solution}`).digest()
  return hash.readUInt32BE(0) >>> (32 - difficulty) === 0
}
