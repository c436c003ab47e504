/** So many pieces of work at once, and the work of one key in its own order. The first failure ends it all. */
interface Slots {
  /** Waits for room and begins; rejects once something has failed. */
  begin(key: string, work: () => Promise<unknown>): Promise<void>
  /** Everything that was begun has ended. */
  idle(): Promise<void>
  fail(error: unknown): void
  /** Rejects with the first failure; never resolves. */
  failed: Promise<never>
}

export function createSlots(atOnce: number): Slots {
  const last = new Map<string, Promise<unknown>>()
  const waiting: (() => void)[] = []
  let running = 0
  let failure: { error: unknown } | undefined
  let reject: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_, no) => {
    reject = no
  })
  failed.catch(() => undefined)

  function fail(error: unknown) {
    failure ??= { error }
    reject(error)
    for (const wake of waiting.splice(0)) wake()
  }

  async function room(most: number) {
    while (running > most && !failure) await new Promise<void>((resolve) => waiting.push(resolve))
    if (failure) throw failure.error
  }

  return {
    async begin(key, work) {
      await room(atOnce - 1)
      running += 1
      const done = (last.get(key) ?? Promise.resolve())
        .then(() => (failure ? undefined : work()))
        .catch(fail)
        .finally(() => {
          running -= 1
          if (last.get(key) === done) last.delete(key)
          for (const wake of waiting.splice(0)) wake()
        })
      last.set(key, done)
    },
    idle: () => room(0),
    fail,
    failed,
  }
}
