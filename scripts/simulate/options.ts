import { parseArgs } from 'node:util'
import { numberReader, readUrls, UsageError } from '../kit/options.ts'
import { cityNames } from './city.ts'

export const usage = `npm run simulate -- [options]

People walk around a real city with their phones: they say where they are, look who and what is around, start
activities, join, chat and leave. All of it is watched while it happens, and judged at the end.

  --people N       how many (500)
  --city NAME      ${cityNames.join(', ')} (zurich)
  --seconds N      how long; 0 means until Ctrl-C (60)
  --beat SECONDS   between two heartbeats of a phone (5)
  --seed N         the same seed makes the same people and the same walks (1)
  --nodes N        API processes of its own, 1 or 2 (1)
  --url URL        a GraphQL endpoint that runs already; repeat it for more nodes. Its limits are waited for

Ends with 1 when something did not happen as it must, and with 2 when it was called wrongly.`

export interface Options {
  people: number
  city: string
  seconds: number
  beatSeconds: number
  seed: number
  nodes: number
  urls: string[]
}

const text = { type: 'string' } as const
const flags = {
  people: text,
  city: text,
  seconds: text,
  beat: text,
  seed: text,
  nodes: text,
  url: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
} as const

/** Servers with limits take 30 heartbeats a minute of one phone. */
const fastestBeatSeconds = 2

/** The options, or 'help'; every fault of them at once. */
export function readOptions(args: string[]): Options | 'help' {
  const values = parsed(args)
  if (values.help) return 'help'
  const faults: string[] = []
  const number = numberReader(values, faults)
  const options: Options = {
    people: number('people', { min: 2, max: 50_000 }) ?? 500,
    city: values.city ?? 'zurich',
    seconds: number('seconds', { min: 0, max: 86_400 }) ?? 60,
    beatSeconds: number('beat', { min: 0.2, max: 60, whole: false }) ?? 5,
    seed: number('seed', { min: 0 }) ?? 1,
    nodes: number('nodes', { min: 1, max: 2 }) ?? 1,
    urls: readUrls(values.url, faults),
  }
  if (!cityNames.includes(options.city))
    faults.push(`--city is one of ${cityNames.join(', ')}, not "${options.city.slice(0, 40)}"`)
  if (values.nodes && values.url) faults.push('--nodes starts servers and --url uses others: name one of them')
  if (values.url && options.beatSeconds < fastestBeatSeconds)
    faults.push(`--beat is ${fastestBeatSeconds} or more with --url: servers take 30 heartbeats a minute of one phone`)
  if (faults.length > 0) throw new UsageError(faults, usage)
  return options
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: flags }).values
  } catch (error) {
    throw new UsageError([(error as Error).message.split('. ')[0] ?? ''], usage)
  }
}
