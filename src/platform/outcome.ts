/** What something came to: for what is asked for beside something else, and may turn out not to matter. */
export type Outcome<Value> = { value: Value } | { error: unknown }

/** Never fails. */
export const outcomeOf = <Value>(work: Promise<Value>): Promise<Outcome<Value>> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )

/** What it came to, or why it did not. */
export function resultOf<Value>(outcome: Outcome<Value>): Value {
  if ('error' in outcome) throw outcome.error
  return outcome.value
}
