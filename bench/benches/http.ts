import type { Bench } from '../kit/bench.ts'
import { startChild } from '../kit/child.ts'
import { load, post } from '../kit/load.ts'
import type { Goal, Outcome } from '../kit/outcome.ts'
import { describeProfile, type Profile } from '../kit/profile.ts'
import { interleave } from '../kit/rounds.ts'
import type { Device } from '../processes/phones.ts'

const queries = { typename: '{ __typename }', viewer: '{ viewer { deviceId } }' }
const connections = 50

/** A small query, by our own way, by yoga's with all the same around it, and by the least there is. */
export const http: Bench = async ({ stage, rounds, roundMs, profile, say }) => {
  const phones = await startChild('phones', { core: 'load', env: stage.env })
  const [device] = await phones.call<Device[]>('devices', 1)
  await phones.stop()

  const servers = {
    bare: await startChild('bare-graphql', { core: 'subject', env: stage.env }),
    lane: await startChild('app', { core: 'subject', env: stage.env }),
    yoga: await startChild('stock-yoga', { core: 'subject', env: stage.env }),
    open: await startChild('stock-yoga', { core: 'subject', env: { ...stage.env, YOGA_BODY_LIMIT: 'off' } }),
    off: await startChild('app', { core: 'subject', env: { ...stage.env, HTTP_LANE: 'off' } }),
  }
  const loader = await startChild('load', { core: 'load' })
  const titles = {
    bare: 'node:http + execute',
    lane: 'vicinity',
    yoga: 'stock yoga',
    open: 'stock yoga without a limit on the body',
    off: 'vicinity, HTTP_LANE=off',
  }
  const outcome: Outcome = {
    bench: 'http',
    says: `a small query, ${connections} connections`,
    rows: [],
    goals: [],
    notes: [],
  }

  for (const [name, query] of Object.entries(queries)) {
    say(`http: ${query}`)
    const requests = [post({ query }, device?.token)]
    const subjects = await Promise.all(
      Object.entries(servers).map(async ([key, server]) => ({
        name: `${titles[key as keyof typeof titles]}, ${name}`,
        server,
        order: { port: await server.call<number>('port'), requests, connections, ms: roundMs },
      })),
    )
    for (const { server, order } of subjects) await load(loader, server, order)
    outcome.rows.push(...(await interleave(subjects, rounds, ({ server, order }) => load(loader, server, order))))
    const goal: Pick<Goal, 'figure' | 'want' | 'subject'> = {
      subject: `${titles.lane}, ${name}`,
      figure: 'req/s',
      want: 'at least',
    }
    outcome.goals.push(
      { ...goal, of: `${titles.bare}, ${name}`, bound: 0.5 },
      { ...goal, of: `${titles.yoga}, ${name}`, bound: 4 },
    )
    const [, lane] = subjects
    if (profile && lane) {
      await lane.server.call('startProfile')
      await load(loader, lane.server, lane.order)
      outcome.notes.push(describeProfile(await lane.server.call<Profile>('stopProfile')))
    }
  }
  await Promise.all([...Object.values(servers), loader].map((child) => child.stop()))
  return outcome
}
