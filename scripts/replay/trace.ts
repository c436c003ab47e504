import { readFileSync } from 'node:fs'
import { StartupError } from '../../src/platform/startup-error.ts'

/** Two people were near each other during the seconds that end at `time`. */
export interface Contact {
  time: number
  a: string
  b: string
}

const shape = 'A contact trace has a line per contact: time in seconds, person, person; further columns are ignored.'
const faultsShown = 5
/** A pause this long ends a day: longer than any gap in which people are merely apart, shorter than a night. */
const nightSeconds = 4 * 60 * 60

export function readTrace(file: string): Contact[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'it may not be read' }[code ?? '']
    throw new StartupError(`${file} cannot be read: ${why ?? message}`, shape, { cause: error })
  }
  return parseTrace(text, file)
}

/** The contacts by time; those of one time stay in the order of the file. Faults are told with their lines, several at once. */
export function parseTrace(text: string, name = 'The trace'): Contact[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
  const first = lines[0]
  if (!first) throw new StartupError(`${name} is empty.`, shape)
  const split = separatorOf(first.line)
  const rows = isHeader(split(first.line)) ? lines.slice(1) : lines
  if (rows.length === 0) throw new StartupError(`${name} has a header and nothing below it.`, shape)

  const contacts: Contact[] = []
  const faults: string[] = []
  for (const { line, number } of rows) {
    const read = contactOf(split(line))
    if (typeof read === 'string') faults.push(`line ${number}: ${read}`)
    else contacts.push(read)
  }
  if (faults.length > 0) {
    const more = faults.length > faultsShown ? [`and ${faults.length - faultsShown} more`] : []
    const told = [...faults.slice(0, faultsShown), ...more].map((fault) => `\n  ${fault}`).join('')
    throw new StartupError(`${name} cannot be used:${told}`, shape)
  }
  return contacts.sort((one, other) => one.time - other.time)
}

/** Of the separators the first one that makes three columns; a comma may also be a decimal one, so it comes after the semicolon. */
function separatorOf(line: string): (line: string) => string[] {
  const separator = ['\t', ';', ','].find((candidate) => line.split(candidate).length >= 3) ?? /\s+/
  return (text) => text.split(separator).map((field) => field.trim().replace(/^"(.*)"$/, '$1'))
}

const isHeader = ([time = '']: string[]) => timeOf(time) === undefined && /[A-Za-z]/.test(time)

function timeOf(field: string): number | undefined {
  return /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i.test(field) ? Number(field.replace(',', '.')) : undefined
}

function contactOf(fields: string[]): Contact | string {
  const [time = '', a = '', b = ''] = fields
  if (fields.length < 3)
    return `three columns are needed, there ${fields.length === 1 ? 'is 1' : `are ${fields.length}`}`
  const seconds = timeOf(time)
  if (seconds === undefined || !Number.isFinite(seconds)) return `"${time.slice(0, 40)}" is no time in seconds`
  if (a === '' || b === '') return `the ${a === '' ? 'first' : 'second'} person is missing`
  if (a === b) return `"${a.slice(0, 40)}" cannot meet itself`
  return { time: seconds, a, b }
}

/** The stretches of a trace between its nights. */
function daysOf(contacts: Contact[]): Contact[][] {
  const days: Contact[][] = []
  let before = Number.NEGATIVE_INFINITY
  for (const contact of contacts) {
    if (contact.time - before > nightSeconds) days.push([])
    days.at(-1)?.push(contact)
    before = contact.time
  }
  return days
}

interface Part {
  /** 1 for the first day. */
  day?: number | undefined
  /** Seconds since the first contact. */
  until?: number | undefined
  /** So many people, by when they first appear. */
  people?: number | undefined
}

export function partOf(contacts: Contact[], { day, until, people }: Part): Contact[] {
  const days = day === undefined ? [contacts] : daysOf(contacts)
  const chosen = days[(day ?? 1) - 1]
  if (!chosen) throw new StartupError(`The trace has no day ${day}: it has ${days.length}.`, 'Name another --day.')
  const end = (chosen[0]?.time ?? 0) + (until ?? Number.POSITIVE_INFINITY)
  const early = chosen.filter(({ time }) => time <= end)
  const known = new Set(peopleOf(early).slice(0, people))
  const part = early.filter(({ a, b }) => known.has(a) && known.has(b))
  if (part.length === 0)
    throw new StartupError('In this part of the trace nobody meets anybody.', 'Ask for a larger part.')
  return part
}

/** Everybody, by when they first appear. */
export const peopleOf = (contacts: Contact[]): string[] => [...new Set(contacts.flatMap(({ a, b }) => [a, b]))]
