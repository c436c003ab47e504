import { constants } from 'node:os'
import { resolve } from 'node:path'
import { StartupError } from '../src/platform/startup-error.ts'
import { replayFile } from './replay/command.ts'
import { readOptions, usage } from './replay/options.ts'

const stopped = new AbortController()
let stopping: { signal: NodeJS.Signals; atMs: number } | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The terminal and npm both deliver one Ctrl-C; only a later one means impatience.
    if (stopping && Date.now() - stopping.atMs > 1000) process.exit(128 + constants.signals[signal])
    stopping ??= { signal, atMs: Date.now() }
    stopped.abort(new Error('stopped'))
  })
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(usage)
  else {
    // npm runs scripts in the project's folder; the file is named from where the person is.
    const { INIT_CWD: here = process.cwd() } = process.env
    const file = resolve(here, options.file)
    process.exitCode = (await replayFile({ ...options, file }, stopped.signal)) ? 0 : 1
  }
} catch (error) {
  if (stopping) process.exitCode = 128 + constants.signals[stopping.signal]
  else {
    process.exitCode = 1
    console.error(error instanceof StartupError ? `\n${error.message}\n→ ${error.remedy}\n` : error)
  }
}
