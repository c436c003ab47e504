import { createHttpClient } from '../kit/http.ts'
import { createRandom } from '../kit/random.ts'
import type { Server } from '../kit/server.ts'
import type { Listener, NudgeEvent } from './listener.ts'
import { type Interests, pairOf } from './oracle.ts'
import { createPhone, type Phone } from './phone.ts'
import type { Report } from './plan.ts'
import type { Receipt } from './tally.ts'
import type { Watcher } from './watcher.ts'

interface CrowdOptions {
  servers: Server[]
  interests: Interests
  seed: number
  watcher: Watcher
  /** How long a phone that was cut stays away at most, milliseconds. */
  backWithinMs: number
  callsInFlight: number
  onFailed(error: Error): void
}

/** All phones of a replay, and what came to them. */
export type Crowd = ReturnType<typeof createCrowd>

export function createCrowd(options: CrowdOptions) {
  const { servers, interests, seed, watcher, backWithinMs, onFailed } = options
  const people = [...interests.keys()]
  const http = createHttpClient(options.callsInFlight)
  const phones = new Map<string, Phone>()
  const listeners = new Map<string, Listener>()
  const receipts: Receipt[] = []
  /** Pairs of whom a phone was told that they match. */
  const matched = new Set<string>()
  const counts = { sightings: 0, calls: 0, cuts: 0, lostConnections: 0, resyncs: 0 }
  let onReceipt: () => void = () => undefined
  let arrived = 0

  function receive(person: string, event: Exclude<NudgeEvent, { __typename: 'Ready' }>) {
    if (event.__typename === 'ResyncRequired') {
      counts.resyncs += 1
      return
    }
    const { matchId, sharedInterests, cursor } = event
    const nudgedAtMs = Date.parse(event.nudgedAt)
    const latencyMs = Math.max(0, Date.now() - nudgedAtMs)
    const live = nudgedAtMs >= (listeners.get(person)?.sinceMs() ?? 0)
    receipts.push({ person, matchId, sharedInterests, seq: seqOf(cursor), latencyMs, live })
    watcher.nudged?.(person, matchId, sharedInterests, latencyMs)
    onReceipt()
  }

  return {
    ...{ people, receipts, matched, counts },
    repeats: http.repeats,

    /** A device, a session and a stream of nudges. Every phone has a home, and every node as many as the others. */
    async arrive(person: string) {
      const i = people.indexOf(person)
      const phone = await createPhone({
        ...{ person, http, backWithinMs, random: createRandom(seed + i) },
        interests: interests.get(person) ?? [],
        servers: [...servers.slice(i % servers.length), ...servers.slice(0, i % servers.length)],
      })
      phones.set(person, phone)
      const listener = phone.listen({
        onEvent: (event) => receive(person, event),
        onBack: () => watcher.back?.(person),
        onLost: () => {
          counts.lostConnections += 1
        },
        onFailed,
      })
      listeners.set(person, listener)
      await listener.ready
      arrived += 1
      watcher.arrived?.(arrived, people.length)
    },

    async report({ person, sees }: Report, nowMs: number) {
      const beacons = sees.map((other) => phones.get(other)?.beaconAt(nowMs) ?? '')
      const answers = (await phones.get(person)?.report(beacons, nowMs)) ?? []
      counts.calls += 1
      counts.sightings += answers.length
      for (const [i, { match }] of answers.entries()) if (match) matched.add(pairOf(person, sees[i] ?? ''))
    },

    cut(person: string) {
      if (!listeners.get(person)?.cut()) return
      counts.cuts += 1
      watcher.cut?.(person)
    },

    extend: async (person: string) => phones.get(person)?.extend(),

    /** When the first session ends, milliseconds. */
    endsAtMs: () => Math.min(...[...phones.values()].map((phone) => phone.endsAtMs())),

    /** Resolves with the next nudge, or after `ms`. */
    nextReceipt: (ms: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        onReceipt = () => {
          clearTimeout(timer)
          resolve()
        }
      }),

    leave() {
      for (const listener of listeners.values()) listener.stop()
      http.close()
    },
  }
}

/** The replay looks into the cursor, which clients must not do, to see the order by more than the times on the events. */
function seqOf(cursor: string): number | undefined {
  const seq = Number(Buffer.from(cursor, 'base64url').toString().split('.').at(-1))
  return Number.isSafeInteger(seq) ? seq : undefined
}
