import type { Gate, Passed, Write } from '../gate/index.ts'

/** What the gate has said. Asked for only once there is something to write: what is there already is refused to nobody. */
export interface Judged {
  /** Throws the refusal, if it is one. */
  passed(): Passed
  refusal?: Error
}

/** Asks the gate, and keeps its refusal for whoever is about to write. */
export const judge = (gate: Gate, write: Write): Promise<Judged> =>
  gate.ask(write).then(
    (passed) => ({ passed: () => passed }),
    (refusal: Error) => ({
      refusal,
      passed() {
        throw refusal
      },
    }),
  )
