import { BadUserInputError } from '../../platform/errors.ts'

const usernameShape = /^[a-z0-9][a-z0-9_.-]{2,31}$/
/** Nobody may pass for one of those who run the place. */
const reserved = new Set('admin administrator moderator support system vicinity root deleted null'.split(' '))

/** A username as it is kept: in lower case. */
export function checkedUsername(given: string): string {
  const username = given.toLowerCase()
  if (usernameShape.test(username)) return username
  throw new BadUserInputError(
    'A username is 3 to 32 characters out of a–z, 0–9, _, . and -, and begins with a letter or a digit.',
    'username',
  )
}

/** Names that nobody can register. */
export const isReserved = (username: string): boolean => reserved.has(username)
