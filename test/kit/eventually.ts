/** Asks again until it is so, and fails with the last answer when the deadline is over: for what another process does. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  isSo: (value: T) => boolean,
  deadlineMs = 5000,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const value = await ask()
    if (isSo(value)) return value
    if (Date.now() > deadline) throw new Error(`Not so after ${deadlineMs} ms: ${JSON.stringify(value)}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
