import { randomUUID } from 'node:crypto'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { createBackend } from '../../src/backend.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createDisposers } from '../../src/platform/disposers.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { startApi } from '../kit/api-process.ts'
import type { Bench } from '../kit/bench.ts'
import { percentile } from '../kit/figures.ts'
import { interleave } from '../kit/rounds.ts'

const screens = 50
const reports = 40
const queue = `subscription { moderationQueue(filter: { states: [OPEN, ESCALATED] }) { __typename ... on Ready { cursor }
  ... on CaseChanged { cursor change case { id subject { kind id } state severity reasons reportCount dueAt claimedBy { id } } } } }`
const report = `mutation ($input: CreateReportInput!) { createReport(input: $input) { __typename
  ... on CreateReportPayload { report { id } } ... on Error { code } } }`

/** From the moment somebody sends a report until the last of fifty moderators has it on the screen, beside what the server answers with nothing to do. */
export const queueLatency: Bench = async ({ stage, rounds, say }) => {
  const env = {
    ...stage.env,
    RATE_LIMITS: 'off',
    SOCKETS_PER_ADDRESS: '1000',
    SOCKETS_PER_VIEWER: '1000',
    LOG_LEVEL: 'silent',
  }
  const disposers = createDisposers()
  const logger = createLogger({ level: 'silent' })
  const here = await createBackend(readConfig(env) as ReadyConfig, { clock: systemClock, logger, disposers })
  const node = await startApi(env)
  const stops: (() => void)[] = []
  try {
    say(`queue: ${screens} screens`)
    const { sql } = here.postgres
    async function account(roles: string): Promise<string> {
      const id = randomUUID()
      await sql({ name: '', text: 'insert into accounts (id, username, roles) values ($1, $2, $3)' }, [
        id,
        `bench-${id}`,
        roles,
      ])
      return here.services.identity.mintAccountToken(`bench-${id}`)
    }
    const owner = randomUUID()
    await sql({ name: '', text: 'insert into accounts (id, username) values ($1, $2)' }, [owner, `bench-${owner}`])
    async function venue(): Promise<string> {
      const id = randomUUID()
      const text = `insert into venues (id, owner_id, client_id, fingerprint, name, latitude, longitude, created_at, updated_at)
        values ($1::uuid, $2, $1::text, '', 'A venue', 47, 8, now(), now())`
      await sql({ name: '', text }, [id, owner])
      return Buffer.from(`Venue:${id}`).toString('base64')
    }
    async function ask(token: string, query: string, variables: object): Promise<string> {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      const body = JSON.stringify({ query, variables })
      return (await fetch(`http://127.0.0.1:${node.port}/graphql`, { method: 'POST', headers, body })).text()
    }

    let told = (_subject: string) => {}
    let ready = 0
    const moderators = await Promise.all(Array.from({ length: screens }, () => account('{MODERATOR}')))
    for (const token of moderators) {
      const client = createClient({
        ...{ url: `ws://127.0.0.1:${node.port}/graphql`, webSocketImpl: WebSocket },
        connectionParams: { authorization: `Bearer ${token}` },
      })
      type Told = { moderationQueue: { __typename: string; case?: { subject: { id: string } } } }
      client.subscribe<Told>(
        { query: queue },
        {
          next({ data }) {
            if (data?.moderationQueue.case) told(data.moderationQueue.case.subject.id)
            else ready += 1
          },
          error: (error) => say(String(error)),
          complete: () => undefined,
        },
      )
      stops.push(() => void client.dispose())
    }
    while (ready < screens) await new Promise((resolve) => setTimeout(resolve, 10))

    async function reported(): Promise<number[]> {
      const [token, subjectId] = [await account('{USER}'), await venue()]
      const times: number[] = []
      let begun = 0
      const all = new Promise<void>((resolve) => {
        told = (subject) => {
          if (subject !== subjectId) return
          times.push(performance.now() - begun)
          if (times.length === screens) resolve()
        }
      })
      begun = performance.now()
      const input = { clientId: randomUUID(), subjectId, reason: 'SPAM' }
      const [answer] = await Promise.all([ask(token, report, { input }), all])
      if (!answer.includes('CreateReportPayload')) throw new Error(answer)
      return times
    }
    async function nothing(): Promise<number[]> {
      const begun = performance.now()
      await ask(moderators[0] ?? '', '{ __typename }', {})
      return [performance.now() - begun]
    }
    const subjects = [
      { name: 'an answer to nothing', work: nothing },
      { name: 'a report on fifty screens', work: reported },
    ]
    for (const { work } of subjects) await work()
    const rows = await interleave(subjects, rounds, async ({ work }) => {
      const times: number[] = []
      for (let i = 0; i < reports; i += 1) times.push(...(await work()))
      times.sort((a, b) => a - b)
      return { 'p50 ms': percentile(times, 0.5), 'p99 ms': percentile(times, 0.99) }
    })
    return {
      bench: 'queue',
      says: `from a report to ${screens} open screens`,
      rows,
      goals: [{ subject: 'a report on fifty screens', figure: 'p99 ms', bound: 1000, want: 'at most', unit: 'ms' }],
      notes: [],
    }
  } finally {
    for (const stop of stops) stop()
    await node.end('SIGTERM')
    await disposers.run()
  }
}
