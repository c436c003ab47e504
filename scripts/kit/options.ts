import { StartupError } from '../../src/platform/startup-error.ts'

/** A command that was called wrongly: exit code 2, as distinct from a run that found a fault. */
export class UsageError extends StartupError {
  override name = 'UsageError'

  constructor(faults: string[], usage: string) {
    super(faults.join('\n'), `The form is:\n\n${usage}`)
  }
}

interface Range {
  min: number
  max?: number
  whole?: boolean
}

/** Reads the numbers among the options; what is none, or out of its range, is put into words under `faults`. */
export function numberReader(values: Record<string, unknown>, faults: string[]) {
  return (name: string, range: Range): number | undefined => {
    const given = values[name]
    if (typeof given !== 'string') return undefined
    const value = given.trim() === '' ? Number.NaN : Number(given)
    const { min, max = Number.MAX_SAFE_INTEGER, whole = true } = range
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value
    const upTo = range.max === undefined ? `${min} or more` : `${min} to ${max}`
    faults.push(`--${name} is ${whole ? 'a whole number, ' : ''}${upTo}, not "${given}"`)
    return undefined
  }
}

/** The endpoints among the options. */
export function readUrls(given: string[] = [], faults: string[]): string[] {
  const urls = given.map((url) => (URL.canParse(url) ? new URL(url) : undefined))
  if (urls.some((url) => !url || !/^https?:$/.test(url.protocol))) faults.push('--url is an http or https address')
  return urls.flatMap((url) => url?.href ?? [])
}
