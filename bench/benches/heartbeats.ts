import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { load, post } from '../kit/load.ts'
import { ratio } from '../kit/outcome.ts'
import { describeProfile, type Profile } from '../kit/profile.ts'
import { interleave } from '../kit/rounds.ts'
import type { Device } from '../processes/phones.ts'

const people = 500
const connections = 50
const warmUpMs = 4000
const middle = { latitude: 47.3769, longitude: 8.5417 }
const query = `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename
  ... on HeartbeatPayload { expiresAt shownFrom } ... on Error { code message } } }`

/** What phones send most of all, over HTTP, with everything that GraphQL and we add to one Redis script. */
export const heartbeats: Bench = async ({ stage, rounds, roundMs, profile, say }) => {
  say('heartbeats: where people are, over HTTP')
  const phones = await startChild('phones', { core: 'load', env: stage.env })
  const crowd = await phones.call<Device[]>('devices', people)
  await phones.stop()

  const bare = await startChild('bare-heartbeats', { core: 'subject', env: stage.env })
  await bare.call('know', crowd)
  const app = await startChild('app', { core: 'subject', env: { ...stage.env, RATE_LIMITS: 'off' } })
  const loader = await startChild('load', { core: 'load' })

  const subject = async (name: string, server: Child) => ({ name, server, port: await server.call<number>('port') })
  const subjects = [await subject('node:http + script', bare), await subject('vicinity', app)]
  const round = ({ server, port }: { server: Child; port: number }, ms: number) =>
    load(loader, server, { port, requests: requestsOf(crowd), connections, ms })
  for (const each of subjects) await round(each, warmUpMs)
  const rows = await interleave(subjects, rounds, (each) => round(each, roundMs))

  await app.call('startProfile')
  const [, own] = subjects
  if (own) await round(own, roundMs)
  const spent = await app.call<Profile>('stopProfile')
  await Promise.all([bare, app, loader].map((child) => child.stop()))

  return {
    bench: 'heartbeats',
    says: `heartbeat, ${people} people, ${connections} connections`,
    rows,
    goals: [{ subject: 'vicinity', figure: 'req/s', of: 'node:http + script', bound: 0.4, want: 'at least' }],
    notes: [
      `for ${ratio(rows, 'server µs/req', 'vicinity', 'node:http + script')} × its processor time`,
      describeProfile(spent, profile ? undefined : 0),
    ],
  }
}

/** A step of each: fixes of this very moment, since older ones would be refused. */
function requestsOf(crowd: Device[]): string[] {
  const observedAt = new Date().toISOString()
  return crowd.map(({ token }, i) => {
    const input = {
      latitude: middle.latitude + (i % 25) * 0.002 + Math.random() * 0.000_05,
      longitude: middle.longitude + Math.floor(i / 25) * 0.003,
      ...{ accuracyMeters: 10, observedAt },
    }
    return post({ query, variables: { input } }, token)
  })
}
