/** What the app keeps where other apps cannot read it. */
export interface Credentials {
  token: string
  expiresAt: string
}

const dayMs = 86_400_000
const renewal = 'mutation { renewDevice { ... on RenewDevicePayload { token expiresAt } } }'

/** The token to use now. During its last day it is renewed first; the old one stays good until its own end. */
export async function freshToken(url: string, kept: Credentials, now = Date.now()): Promise<string> {
  if (Date.parse(kept.expiresAt) - now > dayMs) return kept.token
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${kept.token}` },
    body: JSON.stringify({ query: renewal }),
  })
  const { data } = (await response.json()) as { data?: { renewDevice?: Partial<Credentials> } }
  Object.assign(kept, data?.renewDevice)
  return kept.token
}
