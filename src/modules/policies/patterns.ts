import { createHash } from 'node:crypto'
import { RE2JS } from 're2js'

/** A regular expression that takes time linear in the text, whatever either of them is. */
export interface Pattern {
  /** The same for the same expression, in every version: what is kept of a write says by this name whether it has matched. */
  name: string
  /** How much it can cost per character, at most. */
  size: number
  test(folded: string): boolean
}

/** UTF-16 units that are looked at: more than any write has. */
const longestText = 16_384

/** Throws a sentence about what is wrong with it. Case does not count. */
export function compilePattern(source: string): Pattern {
  const compiled = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE)
  return {
    name: createHash('sha256').update(source).digest('base64url').slice(0, 16),
    size: compiled.programSize(),
    test: (folded) => compiled.test(folded.slice(0, longestText)),
  }
}
