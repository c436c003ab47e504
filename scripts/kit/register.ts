import type { HttpClient } from './http.ts'
import { below } from './random.ts'

const document = `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { __typename
  ... on RegisterDevicePayload { token }
  ... on Error { code message } } }`

/** A device of its own, as every phone has one. Answers its token. */
export async function registerDevice(http: HttpClient, url: string): Promise<string> {
  const variables = { input: { clientId: newClientId() } }
  return (await http.send<{ token: string }>({ name: 'registerDevice', url, query: document, variables })).token
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-'
/** Not out of the seed: a run with the same seed on servers that are given brings phones of its own. */
export const newClientId = () => Array.from({ length: 24 }, () => letters[below(Math.random, letters.length)]).join('')
