import { ConfigError, readConfig } from './config.ts'
import { createLogger, describeError } from './platform/logger.ts'
import { StartupError } from './platform/startup-error.ts'
import { type Started, start } from './start.ts'

const print = (text: string) => process.stdout.write(`${text}\n`)

/** One Ctrl-C can arrive twice, from the terminal and from npm; only what comes later than this is impatience. */
const echoMs = 1000
let stoppingSince: number | undefined

try {
  const config = readConfig()
  const logger = createLogger({ level: config.logLevel })
  const began = Date.now()
  const starting = start(config, (line) => print(`  ${line}`))

  const stop = async (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined) {
      if (Date.now() - stoppingSince > echoMs) process.exit(130)
      return
    }
    stoppingSince = Date.now()
    if (config.production) logger.info('stopping', { signal })
    else print('\n  stopping; once more to stop at once')
    await starting.then(
      (started) => started.close(),
      () => undefined,
    )
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.error(event, describeError(error))
      process.exitCode = 1
      // What was brought along ends with this process; the log line needs a moment to get out.
      setTimeout(() => process.exit(1), 100)
    })
  }

  const started = await starting
  if (stoppingSince !== undefined) {
    // Says nothing of serving: the handler of the signal is closing it.
  } else if (config.production) logger.info('serving', { path: started.app.url })
  else print(welcome(started, Date.now() - began))
} catch (error) {
  // A start that was told to stop fails by that; the handler of the signal ends the process.
  if (stoppingSince === undefined) fail(error)
}

function fail(error: unknown): never {
  process.stderr.write(`\n${told(error)}\n`)
  process.exit(1)
}

function welcome({ app, demo }: Started, tookMs: number): string {
  const accounts = demo.map(
    ({ who, token, password }) => `\n  ${who}${password ? `, password ${password}` : ''}\n  ${token}\n`,
  )
  return `
  Vicinity serves after ${(tookMs / 1000).toFixed(1)} s. Ctrl-C stops it.

  GraphQL    ${app.url}   (GraphiQL in a browser)
  WebSocket  ${app.wsUrl}
${accounts.length > 0 ? `\n  Tokens, for the header  Authorization: Bearer <token>\n${accounts.join('')}` : ''}`
}

function told(error: unknown): string {
  if (error instanceof StartupError) return `${error.message}\n→ ${error.remedy}\n`
  if (error instanceof ConfigError)
    return `${error.message}\n→ Put them right; README.md has a table of every setting.\n`
  return error instanceof Error ? `${error.stack ?? error.message}\n` : String(error)
}
