import { setTimeout as pause } from 'node:timers/promises'
import type { Bench } from '../kit/bench.ts'
import { type Child, startChild, type Usage } from '../kit/child.ts'
import { type Figures, interleave } from '../kit/rounds.ts'
import type { SwarmOrder, SwarmResult } from '../kit/swarm.ts'
import type { Device } from '../processes/phones.ts'

const sockets = 5000
const limitKiB = 14
const query = `subscription { nudges { __typename
  ... on Ready { cursor } ... on Nudge { cursor matchId sharedInterests nudgedAt } ... on ResyncRequired { cursor reason } } }`

/** What a phone that only waits costs: a socket, a device and a stream of its own each. */
export const idle: Bench = async ({ stage, rounds, say }) => {
  const phones = await startChild('phones', { core: 'load', env: stage.env })
  const tokens = (await phones.call<Device[]>('devices', sockets)).map(({ token }) => token)
  await phones.stop()

  const subjects = [
    { name: 'bare ws', process: 'bare-sockets' },
    { name: 'vicinity', process: 'app' },
  ]
  const env = { ...stage.env, SOCKETS_PER_ADDRESS: '100000' }

  const rows = await interleave(subjects, rounds, async ({ name, process }) => {
    say(`idle: ${sockets} sockets on ${name}`)
    const server = await startChild(process, { core: 'subject', env, flags: ['--expose-gc'] })
    const swarm = await startChild('swarm', { core: 'load' })
    try {
      const before = await server.call<Usage>('collect')
      const order: SwarmOrder = { port: await server.call<number>('port'), query, tokens }
      const { subscribed } = await swarm.call<SwarmResult>('subscribe', order)
      await untilQuiet(server)
      const after = await server.call<Usage>('collect')
      if ((await swarm.call<number>('closed')) > 0) throw new Error('sockets were closed while they were measured')
      return perSocket(before, after, subscribed)
    } finally {
      await Promise.all([swarm.stop(), server.stop()])
    }
  })
  return {
    bench: 'idle',
    says: `${sockets.toLocaleString('en-US')} idle nudge subscriptions, memory of the API process for each`,
    rows,
    goals: [{ subject: 'vicinity', figure: 'RSS KiB', bound: limitKiB, want: 'at most' }],
    notes: [],
  }
}

function perSocket(before: Usage, after: Usage, count: number): Figures {
  const each = (figure: 'rss' | 'heap' | 'external') => (after[figure] - before[figure]) / 1024 / count
  return {
    'RSS KiB': each('rss'),
    'heap KiB': each('heap'),
    'external KiB': each('external'),
    'µs to subscribe': (after.cpuMicros - before.cpuMicros) / count,
  }
}

/** What opening left to do is done once hardly any processor time is used. */
async function untilQuiet(server: Child): Promise<void> {
  for (let i = 0; i < 30; i++) {
    const { cpuMicros } = await server.usage()
    await pause(300)
    if ((await server.usage()).cpuMicros - cpuMicros < 15_000) return
  }
}
