import pg from 'pg'
import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { median } from '../kit/figures.ts'
import { load, post } from '../kit/load.ts'
import type { Row } from '../kit/outcome.ts'
import { interleave } from '../kit/rounds.ts'
import type { Stage } from '../kit/stage.ts'
import type { History } from '../processes/histories.ts'

const conversations = 10_000
const changed = 10
const news = 5
const messages = 3
const times = 100
const warmUpMs = 2000

const message =
  'id seq clientId body sentAt editedAt deletedAt sender { id } replyTo { id } reactions { emoji profileIds }'
const sinceQuery = `query ($since: Cursor) { syncChanges(since: $since) {
  changed { conversationId latestSeq } left hasMoreChanged since } }`
const afterQuery = `query ($after: [SyncPositionInput!], $since: Cursor) { syncChanges(after: $after, since: $since) {
  conversations { conversationId upToSeq hasMore latestSeq firstSeq changes { __typename seq at
    ... on MessageSent { message { ${message} } } ... on MessageEdited { message { ${message} } } } }
  profiles { id username displayName } changed { conversationId latestSeq } left hasMoreChanged since } }`

/** What a client asks that was away: which conversations changed, then what happened in them. A hundred times the history may not cost more. */
export const sync: Bench = async ({ stage, rounds, roundMs, say }) => {
  const apps = []
  for (const factor of [1, times]) {
    say(`sync: ${conversations} conversations of ${messages * factor} messages`)
    apps.push(await openApp(stage, factor))
  }
  const loader = await startChild('load', { core: 'load' })
  const subjects = apps.flatMap(({ factor, app, port, history: { token, since, after } }) => [
    { name: `since, × ${factor}`, app, port, requests: [post({ query: sinceQuery, variables: { since } }, token)] },
    {
      name: `after, × ${factor}`,
      app,
      port,
      requests: [post({ query: afterQuery, variables: { after, since } }, token)],
    },
  ])
  const round = ({ app, port, requests }: { app: Child; port: number; requests: string[] }, ms: number) =>
    load(loader, app, { port, requests, connections: 1, ms })
  for (const subject of subjects) await round(subject, warmUpMs)
  const rows = await interleave(subjects, rounds, (subject) => round(subject, roundMs))
  await Promise.all([...apps.map(({ app }) => app.stop()), loader.stop()])
  return {
    bench: 'sync',
    says: `syncChanges of ${conversations} conversations, ${changed} changed with ${news} messages each, one connection`,
    rows: [...rows, { name: 'both, growth', figures: { 'p50, times': growthOf(rows) } }],
    goals: [{ subject: 'both, growth', figure: 'p50, times', bound: 1.2, want: 'at most', unit: 'times' }],
    notes: [`× 1: ${messages} messages in each conversation; × ${times}: ${messages * times}`],
  }
}

/** Both questions together, with the long history by the short one. */
function growthOf(rows: Row[]): number[] {
  const values = (what: string, factor: number) =>
    rows.find(({ name }) => name === `${what}, × ${factor}`)?.figures['p50 ms'] ?? []
  const before = median(values('since', 1)) + median(values('after', 1))
  return values('since', times).map((ms, i) => (ms + (values('after', times)[i] ?? 0)) / before)
}

/** An app on a database of its own. */
async function openApp(stage: Stage, factor: number) {
  const url = new URL(stage.env['DATABASE_URL'] ?? '')
  const [migrated, name] = [url.pathname.slice(1), `sync_${factor}`]
  // Not on what is being copied: nobody may be connected to it.
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(`create database ${name} template ${migrated}`)
  await client.end()
  url.pathname = `/${name}`
  const env = { ...stage.env, DATABASE_URL: url.href, REDIS_PREFIX: `${name}_`, RATE_LIMITS: 'off' }
  const filler = await startChild('histories', { core: 'load', env })
  const history = await filler.call<History>('fill', { conversations, changed, news, messages: messages * factor })
  await filler.stop()
  const app = await startChild('app', { core: 'subject', env })
  return { factor, history, app, port: await app.call<number>('port') }
}
