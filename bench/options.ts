import { parseArgs } from 'node:util'

export interface Options {
  names: string[]
  rounds: number
  roundMs: number
  json: string | undefined
  check: boolean
  profile: boolean
}

export class UsageError extends Error {}

export const usage = (
  names: string[],
) => `npm run bench -- [name …] [--rounds 5] [--seconds 2] [--json FILE] [--check] [--profile]

  name        ${names.join(', ')}; all of them without one
  --rounds    how often each subject is measured; the medians are shown
  --seconds   how long one round of a load takes
  --json      writes every round's figures to a file
  --check     ends with 1 if a goal is missed by more than a fifth and no round comes near it
  --profile   adds the functions that took most time`

export function readOptions(args: string[], known: string[]): Options {
  const { values, positionals } = parsed(args)
  const names = positionals.length > 0 ? positionals : known
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new UsageError(`There is no bench ${unknown.join(', ')}.`)
  const number = (name: 'rounds' | 'seconds', least: number) => {
    const value = Number(values[name])
    if (!(value >= least)) throw new UsageError(`--${name} is a number, at least ${least}.`)
    return value
  }
  return {
    names,
    rounds: Math.floor(number('rounds', 1)),
    roundMs: number('seconds', 0.1) * 1000,
    json: values.json,
    check: values.check,
    profile: values.profile,
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '2' },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
