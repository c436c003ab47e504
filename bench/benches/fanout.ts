import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { documentOf } from '../kit/followed.ts'
import { ratio } from '../kit/outcome.ts'
import { describeProfile, type Profile } from '../kit/profile.ts'
import { type Figures, interleave } from '../kit/rounds.ts'
import type { SwarmOrder } from '../kit/swarm.ts'
import type { Device } from '../processes/phones.ts'

const sockets = 1000
/** Events that are published in one go, while as many are still under way: whoever serves them has always something to do. */
const batches = { shared: 20, own: 10 }
const warmUpMs = 2000

interface Subject {
  name: string
  server: Child
  /** Where the events come from: the server itself, or another node. */
  publisher: Child
  swarm: Child
  order: { key: string; payload: string; count: number }
}

/** One event to everybody who follows a stream: executed once, sent to all. */
export const fanout: Bench = async ({ stage, rounds, roundMs, profile, say }) => {
  const unlimited = { SOCKETS_PER_ADDRESS: '100000', SOCKETS_PER_VIEWER: '100000', RATE_LIMITS: 'off' }
  const env = { ...stage.env, ...unlimited }
  const phones = await startChild('phones', { core: 'load', env })
  const publisher = await startChild('app', { core: 'load', env })
  let payload = '{}'

  async function ready(name: string, process: string, way: keyof typeof batches, more = {}): Promise<Subject> {
    say(`fanout: ${sockets} sockets on ${name}`)
    const server = await startChild(process, { core: 'subject', env: { ...env, ...more } })
    const swarm = await startChild('swarm', { core: 'load' })
    const [device] = await phones.call<Device[]>('devices', 1)
    if (!device) throw new Error('there is no device')
    // A stream of its own: whoever follows it has nothing to do while others are measured.
    const key = await phones.call<string>('activity', device.deviceId)
    const documents = { shared: () => documentOf(key), own: (i: number) => documentOf(key, `title${i}`) }
    const query = Array.from({ length: way === 'own' ? sockets : 1 }, (_, i) => documents[way](i))
    const tokens = Array.from({ length: sockets }, () => device.token)
    await swarm.call('subscribe', { port: await server.call<number>('port'), query, tokens } satisfies SwarmOrder)
    const order = { key, payload, count: batches[way] }
    return { name, server, publisher: process === 'app' ? publisher : server, swarm, order }
  }

  const vicinity = await ready('vicinity', 'app', 'shared')
  await round(vicinity, warmUpMs)
  payload = payloadOf(await vicinity.swarm.call<string>('latest'))
  const subjects = [
    await ready('bare ws', 'bare-sockets', 'shared'),
    await ready('graphql-ws + Redis', 'stock-sockets', 'shared'),
    vicinity,
    await ready('graphql-ws + Redis, own documents', 'stock-sockets', 'own', { STOCK_SCHEMA: 'ours' }),
    await ready('vicinity, own documents', 'app', 'own'),
  ]
  await phones.stop()
  for (const subject of subjects) await round(subject, warmUpMs)
  const rows = await interleave(subjects, rounds, (subject) => round(subject, roundMs))

  await vicinity.server.call('startProfile')
  await round(vicinity, roundMs)
  const spent = await vicinity.server.call<Profile>('stopProfile')
  await Promise.all(
    [publisher, ...subjects.flatMap(({ server, swarm }) => [server, swarm])].map((child) => child.stop()),
  )

  const figure = 'deliveries/s'
  return {
    bench: 'fanout',
    says: `events to ${sockets.toLocaleString('en-US')} sockets, eight fields, ${payload.length} bytes`,
    rows,
    goals: [
      { subject: 'vicinity', figure, of: 'bare ws', bound: 0.75, want: 'at least' },
      { subject: 'vicinity', figure, of: 'graphql-ws + Redis', bound: 2.5, want: 'at least' },
      {
        subject: 'vicinity, own documents',
        ...{ figure, of: 'graphql-ws + Redis, own documents', bound: 0.9, want: 'at least' },
      },
    ],
    notes: [
      `for ${ratio(rows, 'server µs/delivery', 'vicinity', 'bare ws')} × the processor time of bare ws`,
      describeProfile(spent, profile ? undefined : 0),
    ],
  }
}

/** Publishes for so long, one batch ahead of what has been heard. */
async function round({ server, publisher, swarm, order }: Subject, ms: number): Promise<Figures> {
  const before = await Promise.all([server.usage(), swarm.usage()])
  const heard = await swarm.call<number>('heard')
  const begun = performance.now()
  let published = 0
  while (performance.now() - begun < ms) {
    await publisher.call('publish', order)
    await swarm.call('hear', heard + published)
    published += order.count * sockets
  }
  await swarm.call('hear', heard + published)
  const elapsedMs = performance.now() - begun
  const after = await Promise.all([server.usage(), swarm.usage()])
  const [serverMicros = 0, loadMicros = 0] = after.map(({ cpuMicros }, i) => cpuMicros - (before[i]?.cpuMicros ?? 0))
  return {
    'deliveries/s': (published / elapsedMs) * 1000,
    'server core': serverMicros / 1000 / elapsedMs,
    'server µs/delivery': serverMicros / published,
    'load core': loadMicros / 1000 / elapsedMs,
  }
}

const payloadOf = (frame: string) => JSON.stringify(JSON.parse(frame).payload)
