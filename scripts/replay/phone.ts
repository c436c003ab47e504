import { CallError } from '../kit/failure.ts'
import type { HttpClient } from '../kit/http.ts'
import type { Random } from '../kit/random.ts'
import { newClientId, registerDevice } from '../kit/register.ts'
import type { Server } from '../kit/server.ts'
import { extendDocument, openDocument, reportDocument } from './documents.ts'
import { type Listener, type ListenerOptions, listen } from './listener.ts'

interface Beacon {
  value: string
  validFrom: string
  validUntil: string
}

interface Opened {
  session: { expiresAt: string }
  beacons: Beacon[]
}

interface SightingAnswer {
  match: boolean
  sharedInterests: string[]
  nudgeSent: boolean
}

export interface Phone {
  person: string
  interests: readonly string[]
  /** What it advertises at a moment, as those who hear it know. */
  beaconAt(ms: number): string
  report(beacons: string[], observedAtMs: number): Promise<SightingAnswer[]>
  extend(): Promise<void>
  /** When its session ends, milliseconds. */
  endsAtMs(): number
  listen(on: Pick<ListenerOptions, 'onEvent' | 'onBack' | 'onLost' | 'onFailed'>): Listener
}

interface PhoneOptions {
  person: string
  interests: readonly string[]
  /** Home first; calls go there. */
  servers: Server[]
  http: HttpClient
  random: Random
  backWithinMs: number
}

/** A phone with a device and an open session of its own. It talks as an app does: over HTTP, and nudges over WebSocket. */
export async function createPhone(options: PhoneOptions): Promise<Phone> {
  const { person, interests, servers, http, random, backWithinMs } = options
  const url = servers[0]?.url ?? ''
  const token = await registerDevice(http, url)
  const { secret, ...opened } = await http.send<Opened & { secret: string }>({
    ...{ name: 'openSession', url, token, query: openDocument },
    variables: { input: { clientId: newClientId(), interests } },
  })
  let windows = windowsOf(opened)
  let endsAtMs = Date.parse(opened.session.expiresAt)

  return {
    ...{ person, interests },
    beaconAt(ms) {
      const found = windows.find(({ fromMs, untilMs }) => fromMs <= ms && ms < untilMs)
      if (!found) throw new CallError('sighting', 'NO_BEACON', `phone ${person} advertises nothing any more`)
      return found.value
    },
    async report(beacons, observedAtMs) {
      const observedAt = new Date(observedAtMs).toISOString()
      const { sightings } = await http.send<{ sightings: SightingAnswer[] }>({
        ...{ name: 'reportSightings', url, token: secret, query: reportDocument },
        variables: { input: { sightings: beacons.map((beacon) => ({ beacon, observedAt, rssi: -60 })) } },
      })
      return sightings
    },
    async extend() {
      const extended = await http.send<Opened>({ name: 'extendSession', url, token: secret, query: extendDocument })
      windows = windowsOf(extended)
      endsAtMs = Date.parse(extended.session.expiresAt)
    },
    endsAtMs: () => endsAtMs,
    listen: (on) => listen({ servers, token, random, backWithinMs, ...on }),
  }
}

const windowsOf = ({ beacons }: Opened) =>
  beacons.map(({ value, validFrom, validUntil }) => ({
    value,
    fromMs: Date.parse(validFrom),
    untilMs: Date.parse(validUntil),
  }))
