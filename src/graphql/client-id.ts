import { z } from 'zod'

/** What a client makes up so that a create can be repeated. */
export const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/, 'A clientId is 8 to 64 characters out of A–Z, a–z, 0–9, _ and -.')

export const clientIdDescription = (made: string) =>
  `Made by the client, 8 to 64 characters out of \`A–Z a–z 0–9 _ -\`. The same one again gives the same ${made}, for ever.`
