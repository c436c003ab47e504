import { constants } from 'node:os'
import { StartupError } from '../../src/platform/startup-error.ts'
import { UsageError } from './options.ts'

/** Runs a command until it is done or stopped by a signal, and sets the exit code. `work` answers whether all was right. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
  const stopped = new AbortController()
  let stopping: { code: number; atMs: number } | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const code = 128 + constants.signals[signal]
      // The terminal and npm both deliver one Ctrl-C; only a later one means impatience.
      if (stopping && Date.now() - stopping.atMs > 1000) process.exit(code)
      stopping ??= { code, atMs: Date.now() }
      stopped.abort(new Error('stopped'))
    })
  }
  try {
    process.exitCode = (await work(stopped.signal)) ? 0 : 1
  } catch (error) {
    process.exitCode = stopping?.code ?? (error instanceof UsageError ? 2 : 1)
    if (!stopping) console.error(error instanceof StartupError ? `\n${error.message}\n→ ${error.remedy}\n` : error)
  }
}
