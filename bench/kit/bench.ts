import type { Outcome } from './outcome.ts'
import type { Stage } from './stage.ts'

interface BenchOptions {
  stage: Stage
  rounds: number
  /** How long one round of a load takes. */
  roundMs: number
  /** Whether to say, function by function, where the time went. */
  profile: boolean
  say(line: string): void
}

export type Bench = (options: BenchOptions) => Promise<Outcome>
