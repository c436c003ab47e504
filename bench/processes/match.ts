// The data layer of matching, by itself: the store's call, and beside it a bare ioredis call of the same script with the
// arguments that the store has sent before.
import { Redis } from 'ioredis'
import { sightLua } from '../../src/modules/matches/sight.lua.ts'
import type { RedisConnections } from '../../src/platform/redis.ts'
import { answer } from '../kit/answer.ts'
import { type Report, reports } from '../kit/crowd.ts'
import { openStore, redisUrl, terms } from '../kit/store.ts'
import type { Phone } from './phones.ts'

type Sight = (keys: number, ...rest: (string | number)[]) => Promise<unknown>

async function open() {
  const { redis, storeOn, store } = await openStore()
  // Another store, only to learn what a store sends.
  const sent: { keys: string[]; args: (string | number)[] } = { keys: [], args: [] }
  const overheard: RedisConnections = {
    ...redis,
    script(name, lua) {
      const call = redis.script(name, lua)
      const overhear = (keys: string[], args: (string | number)[]) => {
        Object.assign(sent, { keys, args })
        return call(keys, args)
      }
      return Object.assign(overhear, { into: call.into })
    },
  }
  const recorder = storeOn(overheard)
  const bare = new Redis(redisUrl)
  bare.defineCommand('sight', { lua: sightLua })
  return { redis, store, recorder, sent, sight: (Reflect.get(bare, 'sight') as Sight).bind(bare) }
}
const opened = open()

const calls: Record<'store' | 'bare', (() => Promise<unknown>)[]> = { store: [], bare: [] }

/** Readies one call for each phone, both ways, and makes each once: whoever matches has matched from then on. */
async function prepare(crowd: Phone[]): Promise<void> {
  const { store, recorder, sent, sight } = await opened
  for (const report of reports(crowd)) {
    const request = requestOf(report)
    const outcome = await recorder.sight(request())
    if (outcome.kind !== 'seen' || !outcome.answers.some(({ match }) => match)) throw new Error('nobody was met')
    const { keys, args } = sent
    calls.store.push(() => store.sight(request()))
    calls.bare.push(() => sight(keys.length, ...keys, ...args))
  }
}

const requestOf =
  ({ phone, beacons }: Report) =>
  () => {
    const nowMs = Date.now()
    const sightings = beacons.map((beacon) => ({ beacon, observedAtMs: nowMs }))
    return { nowMs, deviceId: phone.deviceId, sessionId: null, sightings, ...terms }
  }

export interface MatchRound {
  calls: number
  elapsedMs: number
}

async function run({
  way,
  inFlight,
  ms,
}: {
  way: 'store' | 'bare'
  inFlight: number
  ms: number
}): Promise<MatchRound> {
  const list = calls[way]
  const begun = performance.now()
  let made = 0
  const worker = async () => {
    while (performance.now() - begun < ms) await list[made++ % list.length]?.()
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return { calls: made, elapsedMs: performance.now() - begun }
}

/** How many commands the store sends for one call, by what Redis itself hears from its connection. */
async function commandsPerCall(): Promise<number> {
  const { redis } = await opened
  const address = /\baddr=(\S+)/.exec(String(await redis.command.client('INFO')))?.[1]
  const monitor = await new Redis(redisUrl).monitor()
  let heard = 0
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source === address && args[0] !== 'echo') heard += 1
  })
  for (const call of calls.store) await call()
  // What Redis hears last is told last.
  const told = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, args: string[]) => args[0] === 'echo' && resolve())
  })
  await redis.command.echo('the end')
  await told
  monitor.disconnect()
  return heard / calls.store.length
}

answer(opened, { prepare, run, commandsPerCall })
