import { connect } from 'node:net'
import { Redis } from 'ioredis'
import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { mix, reports } from '../kit/crowd.ts'
import { type LoadOrder, load, post } from '../kit/load.ts'
import { ratio } from '../kit/outcome.ts'
import { describeProfile, type Profile } from '../kit/profile.ts'
import { interleave } from '../kit/rounds.ts'
import type { Phone } from '../processes/phones.ts'

const people = 200
const connections = 50
/** Until the engine has compiled what is called most. */
const warmUpMs = 4000
const query = `mutation ($input: ReportSightingsInput!) { reportSightings(input: $input) { __typename
  ... on ReportSightingsPayload { sightings { match sharedInterests nudgeSent } }
  ... on Error { code message } } }`

/** What phones do all day: ten sightings in a call, over HTTP, with everything that GraphQL and we add to one Redis script. */
export const sightings: Bench = async ({ stage, rounds, roundMs, profile, say }) => {
  say('sightings: ten in a call over HTTP')
  const phones = await startChild('phones', { core: 'load', env: stage.env })
  const crowd = await phones.call<Phone[]>('crowd', people)
  await phones.stop()

  const bare = await startChild('bare-sightings', { core: 'subject', env: stage.env })
  await bare.call('know', crowd)
  const app = await startChild('app', { core: 'subject', env: { ...stage.env, RATE_LIMITS: 'off' } })
  const loader = await startChild('load', { core: 'load' })
  const redis = new Redis(stage.redisUrl)

  const requests = requestsOf(crowd)
  const subject = async (name: string, server: Child) => {
    const order: LoadOrder = { port: await server.call<number>('port'), requests, connections, ms: roundMs }
    return { name, server, order }
  }
  const subjects = [await subject('node:http + script', bare), await subject('vicinity', app)]
  // Whoever matches has matched from here on, and both servers must say so.
  for (const { server, order } of subjects) {
    await load(loader, server, { ...order, ms: warmUpMs })
    await mustMatch(order.port, requests)
  }

  const rows = await interleave(subjects, rounds, async ({ server, order }) => {
    const before = await redisMicros(redis)
    const { 'req/s': perSecond = Number.NaN, ...figures } = await load(loader, server, order)
    const micros = (await redisMicros(redis)) - before
    return { 'req/s': perSecond, 'redis µs/req': micros / ((perSecond * roundMs) / 1000), ...figures }
  })

  await app.call('startProfile')
  const [, own] = subjects
  if (own) await load(loader, app, own.order)
  const spent = await app.call<Profile>('stopProfile')
  redis.disconnect()
  await Promise.all([bare, app, loader].map((child) => child.stop()))

  const beside = (figure: string) => ratio(rows, figure, 'vicinity', 'node:http + script')
  return {
    bench: 'sightings',
    says: `reportSightings with 10 sightings, ${connections} connections`,
    rows,
    goals: [],
    notes: [
      `ratio: ${beside('req/s')} × the calls of node:http with the same script, for ${beside('server µs/req')} × its processor time`,
      describeProfile(spent, profile ? undefined : 0),
    ],
  }
}

/** What each phone hears, as it reports it. */
const requestsOf = (crowd: Phone[]) =>
  reports(crowd).map(({ phone, beacons }) => {
    const observedAt = new Date().toISOString()
    const input = { sightings: beacons.map((beacon) => ({ beacon, observedAt, rssi: -60 })) }
    return post({ query, variables: { input } }, phone.token)
  })

async function mustMatch(port: number, [request = '']: string[]): Promise<void> {
  const text = await sent(port, request)
  const found = text.split('"match":true').length - 1
  if (found !== mix.matched) throw new Error(`${mix.matched} of the sightings should have matched:\n${text}`)
}

function sent(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request))
    socket.once('error', reject)
    socket.once('data', (answer) => {
      socket.destroy()
      resolve(answer.toString())
    })
  })
}

/** Processor time that Redis has used so far. */
async function redisMicros(redis: Redis): Promise<number> {
  const info = await redis.info('cpu')
  const seconds = (name: string) => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1])
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1_000_000
}
