/** What was started, to be stopped in reverse. One part that fails to stop keeps no other from stopping. */
export interface Disposers {
  add(name: string, dispose: () => unknown): void
  /** Runs each disposer once, last added first; calling it again waits for the same run. */
  run(onFailure?: (name: string, error: unknown) => void): Promise<void>
}

export function createDisposers(): Disposers {
  const stack: { name: string; dispose: () => unknown }[] = []
  let running: Promise<void> | undefined

  async function unwind(onFailure?: (name: string, error: unknown) => void) {
    for (const { name, dispose } of stack.reverse()) {
      try {
        await dispose()
      } catch (error) {
        onFailure?.(name, error)
      }
    }
  }

  return {
    add: (name, dispose) => stack.push({ name, dispose }),
    run(onFailure) {
      running ??= unwind(onFailure)
      return running
    },
  }
}
