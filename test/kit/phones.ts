import { randomBytes } from 'node:crypto'
import { ask } from './gql.ts'
import { follow, type Stream } from './socket.ts'

interface Server {
  url: string
  wsUrl: string
}

export interface Beacon {
  value: string
  validFrom: string
  validUntil: string
}

/** How a heartbeat is answered, whichever way. */
export interface BeatAnswer {
  __typename: string
  expiresAt?: string
  shownFrom?: string
  code?: string
}

export const heartbeatDocument = `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename
  ... on HeartbeatPayload { expiresAt shownFrom } ... on Error { code message } } }`

export interface Phone {
  token: string
  deviceId: string
  /** The id behind `deviceId`, which stores and services know the person by. */
  personId: string
  /** Says where it is, by an exact fix made at `observedAt`. */
  beat(at: { latitude: number; longitude: number }, observedAt: Date, server?: Server): Promise<BeatAnswer>
  open(interests: string[], clientId?: string): Promise<OpenSession>
  report(beacons: string[], observedAt: Date, server?: Server): Promise<SightingResult[]>
  nudges(options?: { after?: string; server?: Server }): Stream<NudgeEvent>
  ask<Data = Record<string, never>>(query: string, variables?: Record<string, unknown>): ReturnType<typeof ask<Data>>
}

export interface OpenSession {
  id: string
  secret: string
  expiresAt: string
  beacons: Beacon[]
}

export interface SightingResult {
  match: boolean
  sharedInterests: string[]
  nudgeSent: boolean
}

export type NudgeEvent =
  | { __typename: 'Ready'; cursor: string }
  | { __typename: 'Nudge'; cursor: string; matchId: string; sharedInterests: string[] }
  | { __typename: 'ResyncRequired'; cursor: string; reason: string }

export const openDocument = `mutation ($input: OpenSessionInput!) { openSession(input: $input) { __typename
  ... on OpenSessionPayload { secret session { id expiresAt } beacons { value validFrom validUntil } }
  ... on Error { code message } } }`

export const reportDocument = `mutation ($input: ReportSightingsInput!) { reportSightings(input: $input) { __typename
  ... on ReportSightingsPayload { sightings { match sharedInterests nudgeSent } }
  ... on Error { code message } } }`

export const nudgesDocument = `subscription ($after: Cursor) { nudges(after: $after) { __typename
  ... on Ready { cursor } ... on Nudge { cursor matchId sharedInterests } ... on ResyncRequired { cursor reason } } }`

export const newClientId = () => randomBytes(12).toString('base64url')

/** A phone with a device token of its own. */
export async function createPhone(server: Server): Promise<Phone> {
  const { data, errors } = await ask<{ registerDevice: { token: string; device: { id: string } } }>(
    server,
    'mutation { registerDevice(input: {}) { ... on RegisterDevicePayload { token device { id } } } }',
  )
  if (!data?.registerDevice?.token) throw new Error(`registerDevice: ${JSON.stringify(errors)}`)
  const { token, device } = data.registerDevice
  return {
    token,
    deviceId: device.id,
    personId: Buffer.from(device.id, 'base64').toString().replace('Device:', ''),
    async open(interests, clientId = newClientId()) {
      const answer = await ask<{
        openSession: { session: { id: string; expiresAt: string }; secret: string; beacons: Beacon[] }
      }>(server, openDocument, { input: { clientId, interests } }, { token })
      const opened = answer.data?.openSession
      if (!opened?.session) throw new Error(`openSession: ${JSON.stringify(answer)}`)
      return { ...opened.session, secret: opened.secret, beacons: opened.beacons }
    },
    async beat({ latitude, longitude }, observedAt, on = server) {
      const input = { latitude, longitude, accuracyMeters: 5, observedAt: observedAt.toISOString() }
      const answer = await ask<{ heartbeat: BeatAnswer }>(on, heartbeatDocument, { input }, { token })
      if (!answer.data?.heartbeat) throw new Error(`heartbeat: ${JSON.stringify(answer)}`)
      return answer.data.heartbeat
    },
    async report(beacons, observedAt, on = server) {
      const sightings = beacons.map((beacon) => ({ beacon, observedAt: observedAt.toISOString(), rssi: -60 }))
      const answer = await ask<{ reportSightings: { sightings: SightingResult[] } }>(
        on,
        reportDocument,
        { input: { sightings } },
        { token },
      )
      const seen = answer.data?.reportSightings?.sightings
      if (!seen) throw new Error(`reportSightings: ${JSON.stringify(answer)}`)
      return seen
    },
    nudges: ({ after, server: on = server } = {}) =>
      follow(on, nudgesDocument, { token, variables: after ? { after } : {} }),
    ask: (query, variables) => ask(server, query, variables, { token }),
  }
}

/** The beacon a phone advertises at a moment. */
export function beaconAt(beacons: Beacon[], at: Date): string {
  const found = beacons.find(({ validFrom, validUntil }) => new Date(validFrom) <= at && at < new Date(validUntil))
  if (!found) throw new Error('No beacon is valid then.')
  return found.value
}
