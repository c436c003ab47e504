import type { CompiledPolicy, Outcome, Seen } from './compile.ts'
import type { PastWrite } from './judged-store.ts'

/** Features that many writes have in common are evaluated once. */
const mostRemembered = 20_000

export interface Recalled extends Outcome {
  /** The expressions that were tried on it then, by name. */
  tried: Seen['matched']
}

/** What a version would have decided about a past write. */
export function createRecall(policy: CompiledPolicy): (write: PastWrite) => Recalled {
  let remembered = new Map<string, Recalled>()
  return ({ surface, features }) => {
    const key = `${surface} ${features}`
    const known = remembered.get(key)
    if (known) return known
    if (remembered.size >= mostRemembered) remembered = new Map()
    // What was not known then counts as it did then.
    const { text = {}, image = {}, signals = [], trust = 50, matched = {} } = JSON.parse(features) as Partial<Seen>
    const recalled = { ...policy.evaluate({ surface, text, image, signals, trust, matched }), tried: matched }
    remembered.set(key, recalled)
    return recalled
  }
}
