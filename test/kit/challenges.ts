import { createHash } from 'node:crypto'

/** What a client finds by counting up. */
export function solved(challenge: string, difficulty: number): string {
  for (let i = 0; ; i++) {
    const hash = createHash('sha256').update(`${challenge}.${i}`).digest()
    if (hash.readUInt32BE(0) >>> (32 - difficulty) === 0) return String(i)
  }
}
