import { type DestinationStream, pino } from 'pino'

/**
 * What a log line may hold besides its message. Fields outside this list are dropped, so that a token, a beacon, an interest
 * or a body cannot reach a log by being passed along.
 */
const allowed = [
  'code',
  'count',
  'durationMs',
  'error',
  'job',
  'kid',
  'message',
  'module',
  'node',
  'operation',
  'path',
  'principal',
  'reason',
  'requestId',
  'route',
  'signal',
  'stack',
  'status',
  'topic',
] as const

export type LogFields = Partial<Record<(typeof allowed)[number], string | number | boolean | null | undefined>>

export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}

export interface LoggerOptions {
  level: 'silent' | 'error' | 'warn' | 'info' | 'debug'
  /** Where the JSON lines go; standard output, pretty when a person looks, unless given. */
  destination?: DestinationStream
}

export function createLogger({ level, destination }: LoggerOptions): Logger {
  const sink = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination ?? standardOutput())
  const write =
    (method: 'error' | 'warn' | 'info' | 'debug') =>
    (message: string, fields: LogFields = {}) =>
      sink[method](pick(fields), message)
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') }
}

/** The parts of an error that a log may hold: a driver's message can quote a value, so only its name, code and stack frames. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error }
  const code = (error as { code?: unknown }).code
  return {
    error: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack ? { stack: frames(error.stack) } : {}),
  }
}

function frames(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 8)
    .map((line) => line.trim())
    .join(' < ')
}

function pick(fields: LogFields): LogFields {
  const kept: LogFields = {}
  for (const name of allowed) if (fields[name] !== undefined) kept[name] = fields[name]
  return kept
}

function standardOutput(): DestinationStream {
  if (process.stdout.isTTY)
    return pino.transport({ target: 'pino-pretty', options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss' } })
  return pino.destination({ dest: 1, sync: false })
}
