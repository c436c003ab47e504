import { parseArgs } from 'node:util'
import { numberReader, readUrls, UsageError } from '../kit/options.ts'

export const usage = `npm run replay -- FILE [options]

FILE is a contact trace: time in seconds, person, person; further columns are ignored. Tab, semicolon, comma
or space; with a header or without.

  --factor N       seconds of the trace in one of ours; without it as fast as it goes
  --nodes N        API processes that the phones are spread over (1)
  --drop F         cuts sockets: a share F of them in each minute of the run, and in each hour of the trace
                   again, so that a fast run has its cuts too; each at a moment of its own (0)
  --seed N         for interests and cuts: the same seed makes the same (1)
  --until SECONDS  only so much of the trace, from its first contact on
  --day N          only this day of it: a pause of four hours ends a day
  --people N       only the first N people
  --interests N    everybody names 1 to N interests (10)
  --rules on|off   nudge cooldown and cap. With them calls go one after another, and the clock of the servers
                   is that of the trace (off)
  --url URL        a GraphQL endpoint that runs already; repeat it for more nodes
  --json           one JSON object on stdout; everything else goes to stderr

Ends with 1 when a nudge is missing, duplicated or out of order, and with 2 when it was called wrongly.`

export interface Options {
  file: string
  factor: number | undefined
  nodes: number
  drop: number
  seed: number
  until: number | undefined
  day: number | undefined
  people: number | undefined
  interests: number
  rules: boolean
  urls: string[]
  json: boolean
}

const text = { type: 'string' } as const
const flags = {
  factor: text,
  nodes: text,
  drop: text,
  seed: text,
  until: text,
  day: text,
  people: text,
  interests: text,
  rules: text,
  url: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The options, or 'help'; every fault of them at once. */
export function readOptions(args: string[]): Options | 'help' {
  const { values, positionals } = parsed(args)
  if (values.help) return 'help'
  const faults: string[] = []

  const number = numberReader(values, faults)
  const urls = readUrls(values.url, faults)
  const options: Options = {
    file: positionals[0] ?? '',
    factor: number('factor', { min: 0.01, whole: false }),
    nodes: number('nodes', { min: 1, max: 16 }) ?? 1,
    drop: number('drop', { min: 0, max: 1, whole: false }) ?? 0,
    seed: number('seed', { min: 0 }) ?? 1,
    until: number('until', { min: 0, whole: false }),
    day: number('day', { min: 1 }),
    people: number('people', { min: 2 }),
    interests: number('interests', { min: 1, max: 10 }) ?? 10,
    rules: values.rules === 'on',
    urls,
    json: values.json ?? false,
  }
  if (positionals.length !== 1) faults.push(`one FILE is needed, not ${positionals.length}`)
  if (values.rules !== undefined && !['on', 'off'].includes(values.rules)) faults.push('--rules is on or off')
  if (options.rules && urls.length > 0) faults.push('--rules on needs servers of its own, whose clock it can put')
  if (options.rules && options.factor) faults.push('--rules on puts the clock itself: it takes no --factor')
  if (values.nodes && urls.length > 0) faults.push('--nodes starts servers and --url uses others: name one of them')
  if (options.until !== undefined && options.day !== undefined) faults.push('name --until or --day')
  if (faults.length > 0) throw new UsageError(faults, usage)
  return options
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: flags, allowPositionals: true })
  } catch (error) {
    throw new UsageError([(error as Error).message.split('. ')[0] ?? ''], usage)
  }
}
