import { randomBytes } from 'node:crypto'
import { hash, type Options, parseOptions, verify } from '@node-rs/argon2'
import { BadUserInputError, UnavailableError } from '../../platform/errors.ts'

/** Argon2id with 19 MiB, two passes, one lane: what OWASP asks for. A change of these rehashes at the next login. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } satisfies Options
const argon2id = 2

/** Compared with where there is none: of the same cost, and of no password that anybody could know. */
const nobodys = [
  ...['', 'argon2id', 'v=19', `m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`],
  ...[randomBytes(16), randomBytes(32)].map((bytes) => bytes.toString('base64').replaceAll('=', '')),
].join('$')

const shortest = 8
const longest = 128
const mostBytes = 512
/**
 * So many are computed at once. Node does them on four threads of its own, and one of those must stay free for what else needs
 * one: signatures of tokens.
 */
const atOnce = 3
/** So many more wait, about two seconds; the next one is sent away. */
const waitingAtMost = 100

export interface Passwords {
  /** The hash to keep, in PHC form. UNAVAILABLE when too many are being worked on. */
  hash(password: string): Promise<string>
  /** Whether the password is the one of the hash. Without a hash it takes the same time to say no. */
  matches(password: string, kept: string | null): Promise<boolean>
}

export function createPasswords(): Passwords {
  const turns = createTurns(atOnce, waitingAtMost)
  const hashed = (password: string) => turns(() => hash(password, { ...cost, algorithm: argon2id }))
  return {
    hash: hashed,
    async matches(password, kept) {
      const same = await turns(() => verify(kept ?? nobodys, password))
      return same && kept !== null
    },
  }
}

/** Whether a hash was made at another cost than today's. */
export function isOutdated(kept: string): boolean {
  const { algorithm, memoryCost, timeCost, parallelism } = parseOptions(kept)
  return (
    algorithm !== argon2id ||
    memoryCost !== cost.memoryCost ||
    timeCost !== cost.timeCost ||
    parallelism !== cost.parallelism
  )
}

/** A password as it is hashed: in NFC, so that every keyboard writes the same one. Refused before any work is spent on it. */
export function checkedPassword(given: string, field = 'password'): string {
  const refuse = (what: string) => new BadUserInputError(`\`${field}\` ${what}.`, field)
  const length = `has ${shortest} to ${longest} characters, in at most ${mostBytes} bytes`
  if (given.length > mostBytes) throw refuse(length)
  if (given.includes('\0') || /\p{Surrogate}/u.test(given)) throw refuse('has something in it that is no character')
  const password = given.normalize('NFC')
  const characters = [...password].length
  if (characters < shortest || characters > longest || Buffer.byteLength(password) > mostBytes) throw refuse(length)
  return password
}

/** The first ones that are tried, of eight characters and more. */
const commonest = new Set(
  `password password1 password12 password123 passw0rd 12345678 123456789 1234567890 0123456789 87654321 987654321 11111111
  00000000 88888888 123123123 12341234 11223344 112233445566 qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 1q2w3e4r
  1q2w3e4r5t 1qaz2wsx zaq12wsx asdfghjk asdfghjkl zxcvbnm123 abcd1234 abc12345 aa123456 a1234567 a12345678 iloveyou
  iloveyou1 sunshine princess football baseball superman trustno1 whatever welcome1 welcome123 letmein1 letmein123
  changeme admin123 administrator computer internet michelle jennifer starwars pokemon123 dragon123 monkey123 liverpool
  barcelona chocolate butterfly samantha vicinity vicinity1 vicinity123`.split(/\s+/),
)

/** Whether a password is among the first that somebody would try. */
export function isWeak(password: string, about: { username: string; email: string | null }): boolean {
  const folded = password.toLowerCase()
  const [local] = (about.email ?? '').toLowerCase().split('@')
  const guessed = [about.username, about.email?.toLowerCase(), local].filter(Boolean)
  return commonest.has(folded) || guessed.includes(folded) || new Set(folded).size === 1
}

/** Does a few at a time; the rest waits in its order, up to a number. */
function createTurns(running: number, waiting: number) {
  const queue: (() => void)[] = []
  let free = running
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1
    else if (queue.length >= waiting) throw new UnavailableError()
    else await new Promise<void>((resolve) => queue.push(resolve))
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else free += 1
    }
  }
}
