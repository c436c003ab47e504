import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { percentile } from '../kit/figures.ts'
import { documentOf } from '../kit/followed.ts'
import { type Figures, interleave } from '../kit/rounds.ts'
import type { SwarmOrder } from '../kit/swarm.ts'
import type { Where } from '../processes/flaps.ts'
import type { Device } from '../processes/phones.ts'

const listeners = 50
const watchers = 20
const messagesPerSecond = 50
const flapsPerSecond = 10_000
const place = { latitude: 47.3769, longitude: 8.5417 }
const heartbeat = 'mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename } }'
const fence = `subscription { nearbyChanged(radius: UNDER_10_KM) { __typename ... on Ready { cursor }
  ... on NearbyChanged { cursor changes { change personId band } } } }`

/** Presence has a lane of its own: what thousands of people who come and go do to the messages of an activity. */
export const flapping: Bench = async ({ stage, rounds, roundMs, say }) => {
  say(`flapping: ${flapsPerSecond} people a second come and go beside the chat of an activity`)
  const unlimited = { SOCKETS_PER_ADDRESS: '100000', SOCKETS_PER_VIEWER: '100000', RATE_LIMITS: 'off' }
  const env = { ...stage.env, ...unlimited, PRESENCE_TTL_SECONDS: '3600' }
  const phones = await startChild('phones', { core: 'load', env })
  const devices = await phones.call<Device[]>('devices', watchers)
  const key = await phones.call<string>('activity', devices[0]?.deviceId)
  await phones.stop()

  const app = await startChild('app', { core: 'subject', env })
  const port = await app.call<number>('port')
  const publisher = await startChild('app', { core: 'load', env })
  const flaps = await startChild('flaps', { core: 'load', env })
  const [listening, watching] = [
    await startChild('swarm', { core: 'load' }),
    await startChild('swarm', { core: 'load' }),
  ]
  for (const { token } of devices) await beat(port, token)
  const host = devices[0]?.token ?? ''
  const tokens = Array.from({ length: listeners }, () => host)
  await listening.call('subscribe', { port, query: documentOf(key), tokens } satisfies SwarmOrder)
  await watching.call('subscribe', {
    port,
    query: fence,
    tokens: devices.map(({ token }) => token),
  } satisfies SwarmOrder)

  let heard = 0
  async function round(where: Where | undefined): Promise<Figures> {
    if (where) await flaps.call('start', { perSecond: flapsPerSecond, where })
    const begun = performance.now()
    const before = await app.usage()
    const latencies: number[] = []
    for (let due = begun; due < begun + roundMs; due += 1000 / messagesPerSecond) {
      const early = due - performance.now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
      const sentAt = performance.now()
      await publisher.call('publish', { key, count: 1 })
      heard += listeners
      await listening.call('hear', heard)
      latencies.push(performance.now() - sentAt)
    }
    const elapsedMs = performance.now() - begun
    const after = await app.usage()
    const flapped = where ? await flaps.call<number>('stop') : 0
    const sorted = Float64Array.from(latencies).sort()
    return {
      'p99 ms': percentile(sorted, 0.99),
      'p50 ms': percentile(sorted, 0.5),
      'flaps/s': (flapped / elapsedMs) * 1000,
      'server core': (after.cpuMicros - before.cpuMicros) / 1000 / elapsedMs,
    }
  }
  const subjects: { name: string; where?: Where }[] = [
    { name: 'in peace' },
    { name: 'while people come and go elsewhere', where: 'elsewhere' },
    { name: 'while people come and go here', where: 'here' },
  ]
  for (const { where } of subjects) await round(where)
  const rows = await interleave(subjects, rounds, ({ where }) => round(where))
  await Promise.all([app, publisher, flaps, listening, watching].map((child: Child) => child.stop()))
  return {
    bench: 'flapping',
    says: `${messagesPerSecond} messages a second to ${listeners} sockets, ${watchers} fences around them`,
    rows,
    goals: [
      { subject: 'while people come and go here', figure: 'p99 ms', of: 'in peace', bound: 1.05, want: 'at most' },
    ],
    notes: [
      'from publishing on another node to the last socket, the calls between the processes of the bench included',
    ],
  }
}

async function beat(port: number, token: string): Promise<void> {
  const input = { ...place, accuracyMeters: 10, observedAt: new Date().toISOString() }
  const body = JSON.stringify({ query: heartbeat, variables: { input } })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body })
}
