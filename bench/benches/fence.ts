import type { Bench } from '../kit/bench.ts'
import { startChild } from '../kit/child.ts'
import type { Row } from '../kit/outcome.ts'
import { describeProfile, type Profile } from '../kit/profile.ts'
import type { WalkOrder, WalkResult } from '../kit/walk.ts'
import type { Device } from '../processes/phones.ts'

const people = 10_000
const everyMs = 5000
const watchers = 1000
const radius = 'UNDER_1_KM'
/** A round holds enough changes for a 99th percentile. */
const longerBy = 5

/** One node that takes everybody's heartbeats over HTTP, and tells a tenth of them who comes and goes around them. */
export const fence: Bench = async ({ stage, rounds, roundMs, profile, say }) => {
  say(`fence: ${people} people walk, ${watchers} watch`)
  const env = { ...stage.env, RATE_LIMITS: 'off', SOCKETS_PER_ADDRESS: '10000' }
  const phones = await startChild('phones', { core: 'load', env })
  const devices = await phones.call<Device[]>('devices', people)
  await phones.stop()
  const app = await startChild('app', { core: 'subject', env })
  const walkers = await startChild('walkers', { core: 'load', env })
  const port = await app.call<number>('port')
  await walkers.call('begin', { port, devices, everyMs, watchers, radius } satisfies WalkOrder)

  const figures: Record<string, number[]> = {}
  for (let i = 0; i < rounds; i += 1) {
    const before = await app.usage()
    const result = await walkers.call<WalkResult>('measure', roundMs * longerBy)
    const after = await app.usage()
    if (result.failures > 0 || result.failure) throw new Error(`${result.failures} failures: ${result.failure}`)
    const perSecond = (count: number) => (count / result.elapsedMs) * 1000
    const round = {
      'p99 ms': result.ownP99Ms,
      'p50 with wait': result.p50Ms,
      'p99 with wait': result.p99Ms,
      'beats/s': perSecond(result.beats),
      'changes/s': perSecond(result.changes),
      'frames/s': perSecond(result.frames),
      'server core': (after.cpuMicros - before.cpuMicros) / 1000 / result.elapsedMs,
    }
    for (const [name, value] of Object.entries(round)) figures[name] = [...(figures[name] ?? []), value]
  }

  await app.call('startProfile')
  await walkers.call('measure', roundMs)
  const spent = await app.call<Profile>('stopProfile')
  await Promise.all([app, walkers].map((child) => child.stop()))
  const rows: Row[] = [{ name: 'vicinity', figures }]
  return {
    bench: 'fence',
    says: `${people} people say where they are every ${everyMs / 1000} s, ${watchers} of them follow ${radius}`,
    rows,
    goals: [{ subject: 'vicinity', figure: 'p99 ms', bound: 1000, want: 'at most', unit: 'ms' }],
    notes: [
      'p99 ms: from sending the heartbeat to having the frame, without the wait for it: a viewer gets one a second, and what comes sooner waits up to a second more',
      describeProfile(spent, profile ? undefined : 0),
    ],
  }
}
