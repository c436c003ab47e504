import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { type City, placeIn } from '../kit/city.ts'
import { median } from '../kit/figures.ts'
import { type LoadResult, load, post } from '../kit/load.ts'
import type { Row } from '../kit/outcome.ts'
import { describeProfile, type Profile } from '../kit/profile.ts'
import { interleave } from '../kit/rounds.ts'
import type { Stage } from '../kit/stage.ts'
import type { Device } from '../processes/phones.ts'

const viewers = 300
const connections = 32
const warmUpMs = 3000
const paced = { perSecond: 200, p99Ms: 50 }

const heartbeat = `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename } }`
const query = `query { nearbyActivities(radius: UNDER_1_KM, first: 50) {
  edges { band node { id title emoji startsAt joinCount } } } }`

interface Subject {
  name: string
  server: Child
  port: number
  requests: string[]
}

/** A page of what is around: about fifty activities out of a hundred thousand in one city, six fields each. */
export const nearby: Bench = async ({ stage, rounds, roundMs, profile, say }) => {
  const city = { members: 100_000, prefix: 'city_' }
  await fill(stage, [city], say)
  const subjects = await openSubjects(stage, city)
  const loader = await startChild('load', { core: 'load' })
  const round = ({ server, port, requests }: Subject, ms: number) =>
    load(loader, server, { port, requests, connections, ms })
  for (const subject of subjects) await round(subject, warmUpMs)
  const rows = await interleave(subjects, rounds, (subject) => round(subject, roundMs))

  const own = subjects.at(-1) as Subject
  const calm = []
  for (let i = 0; i < rounds; i += 1) {
    const order = { port: own.port, requests: own.requests, connections, ms: roundMs, perSecond: paced.perSecond }
    calm.push((await loader.call<LoadResult>('load', order)).p99Ms)
  }
  rows.push({ name: `vicinity at ${paced.perSecond}/s`, figures: { 'p99 ms': calm } })

  await own.server.call('startProfile')
  await round(own, roundMs)
  const spent = await own.server.call<Profile>('stopProfile')
  await Promise.all([...subjects.map(({ server }) => server.stop()), loader.stop()])
  return {
    bench: 'nearby',
    says: `nearbyActivities, about 50 of ${city.members}, 6 fields each, ${connections} connections`,
    rows,
    goals: [
      { subject: 'vicinity', figure: 'req/s', of: 'node:http + pipeline', bound: 1, want: 'at least' },
      { subject: 'vicinity', figure: 'req/s', of: 'node:http + script', bound: 0.5, want: 'at least' },
      { subject: `vicinity at ${paced.perSecond}/s`, figure: 'p99 ms', bound: paced.p99Ms, want: 'at most' },
    ],
    notes: [describeProfile(spent, profile ? undefined : 0)],
  }
}

/** The same page where there are ten times as many, equally dense: only what the size of the index costs may grow. */
export const growth: Bench = async ({ stage, rounds, roundMs, say }) => {
  const cities = [
    { members: 100_000, prefix: 'town_' },
    { members: 1_000_000, prefix: 'land_' },
  ]
  await fill(stage, cities, say)
  const opened = await Promise.all(cities.map((city) => openSubjects(stage, city)))
  const subjects = opened.flatMap((own, i) =>
    own
      .filter(({ name }) => name !== 'node:http + pipeline')
      .map((subject) => ({ ...subject, name: `${subject.name}, ${cities[i]?.members}` })),
  )
  const loader = await startChild('load', { core: 'load' })
  const round = ({ server, port, requests }: Subject, ms: number) =>
    load(loader, server, { port, requests, connections: 1, ms })
  for (const subject of subjects) await round(subject, warmUpMs)
  const rows = await interleave(subjects, rounds, (subject) => round(subject, roundMs))
  await Promise.all([...opened.flat().map(({ server }) => server.stop()), loader.stop()])

  const grown = (name: string) => growthOf(rows, name)
  return {
    bench: 'growth',
    says: 'the same with one connection, in 100,000 and in 1,000,000',
    rows: [
      ...rows,
      { name: 'vicinity, growth', figures: { 'p50, times': grown('vicinity') } },
      { name: 'node:http + script, growth', figures: { 'p50, times': grown('node:http + script') } },
    ],
    goals: [
      {
        ...{ subject: 'vicinity, growth', figure: 'p50, times', of: 'node:http + script, growth' },
        ...{ bound: 1.1, want: 'at most' },
      },
    ],
    notes: [],
  }
}

const growthOf = (rows: Row[], name: string): number[] => {
  const values = (members: number) => rows.find((row) => row.name === `${name}, ${members}`)?.figures['p50 ms'] ?? []
  const before = median(values(100_000))
  return values(1_000_000).map((ms) => ms / before)
}

async function fill(stage: Stage, cities: City[], say: (line: string) => void) {
  const filler = await startChild('city', { core: 'load', env: stage.env })
  for (const city of cities) {
    say(`nearby: filling a city with ${city.members} activities`)
    await filler.call('fill', city)
  }
  await filler.stop()
}

async function openSubjects(stage: Stage, { members, prefix }: City): Promise<Subject[]> {
  const env = { ...stage.env, REDIS_PREFIX: prefix, RATE_LIMITS: 'off', PRESENCE_TTL_SECONDS: '3600' }
  const phones = await startChild('phones', { core: 'load', env })
  const devices = await phones.call<Device[]>('devices', viewers)
  await phones.stop()
  const app = await startChild('app', { core: 'subject', env })
  const [pipeline, script] = [
    await startChild('bare-nearby', { core: 'subject', env: { ...env, HOW: 'pipeline' } }),
    await startChild('bare-nearby', { core: 'subject', env: { ...env, HOW: 'script' } }),
  ]

  const places = devices.map(() => placeIn(members, 0.9))
  const port = await app.call<number>('port')
  for (const [i, { token }] of devices.entries()) {
    const input = { ...places[i], accuracyMeters: 10, observedAt: new Date().toISOString() }
    const body = JSON.stringify({ query: heartbeat, variables: { input } })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body })
  }
  const asked = places.map((variables) => post({ query: 'nearby', variables }))
  const own = devices.map(({ token }) => post({ query }, token))
  return [
    { name: 'node:http + pipeline', server: pipeline, port: await pipeline.call<number>('port'), requests: asked },
    { name: 'node:http + script', server: script, port: await script.call<number>('port'), requests: asked },
    { name: 'vicinity', server: app, port, requests: own },
  ]
}
