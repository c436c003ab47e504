import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { createRandom } from '../../scripts/kit/random.ts'
import { type ApiProcess, startApi } from '../kit/api-process.ts'
import type { Bench } from '../kit/bench.ts'
import { type Child, startChild } from '../kit/child.ts'
import { percentile } from '../kit/figures.ts'
import { type Figures, interleave } from '../kit/rounds.ts'
import type { People } from '../processes/people.ts'
import type { ResumeOrder, WriteOrder, Written } from '../processes/writers.ts'

const writers = 40
const groups = 20
const membersEach = 8
const perSecond = 200
const missed = 300
const resumeLimitMs = 250
/** Between a node's being back and the next kill, at random. */
const peaceMs = { least: 100, most: 1500 }
const seed = 20_261_121

const fields = `__typename ... on Ready { cursor } ... on ResyncRequired { cursor reason } ... on ConversationChanged { cursor
  change { __typename conversationId seq at ... on MessageSent { message { id conversationId seq clientId body sentAt editedAt
    deletedAt sender { id username displayName } replyTo { id } reactions { emoji profileIds } } } } }`
const documents = {
  events: `subscription ($id: ID!, $after: Cursor) { conversationEvents(conversationId: $id, after: $after) { ${fields} } }`,
  inbox: `subscription ($after: Cursor) { inbox(after: $after) { ${fields} } }`,
}

/** People write while the nodes they write to are killed, one after the other; somebody comes back to what they missed. */
export const killing: Bench = async ({ stage, rounds, roundMs, say }) => {
  say(`killing: ${perSecond} messages a second, and two nodes that are killed at random`)
  // What a killed node could not tell is told by another.
  const { WORKER: _, ...working } = stage.env
  const env = { ...working, RATE_LIMITS: 'off', SOCKETS_PER_ADDRESS: '100000', SOCKETS_PER_VIEWER: '1000' }
  const maker = await startChild('people', { core: 'load', env })
  const people = await maker.call<People>('people', { writers, groups, membersEach, missed })
  await maker.stop()
  const nodes = [await startApi(env), await startApi(env)]
  const ports = nodes.map(({ port }) => port)
  const [writing, reading] = [
    await startChild('writers', { core: 'load', env: {} }),
    await startChild('writers', { core: 'load', env: {} }),
  ]
  const random = createRandom(seed)
  const order: WriteOrder = { ports, seats: people.seats, perSecond }

  async function round({ kills }: { kills: boolean }): Promise<Figures> {
    let over = false
    let killed = 0
    await writing.call('start', order)
    const killer = kills ? killOneByOne(nodes, env, random, () => over) : undefined
    const resumer = comeBack(reading, people, ports, () => over)
    await pause(roundMs)
    over = true
    killed = (await killer) ?? 0
    const resumes = await resumer
    const written = await writing.call<Written>('stop')
    return {
      ...(await judged(stage.env['DATABASE_URL'] ?? '', people, written)),
      ...{ kills: killed, 'sent again': written.unsure, 'send p99 ms': p99(written.latencies) },
      'conversation resume p99 ms': p99(resumes.events),
      'inbox resume p99 ms': p99(resumes.inbox),
    }
  }
  const subjects = [
    { name: 'in peace', kills: false },
    { name: 'killed at random', kills: true },
  ]
  const rows = await interleave(subjects, rounds, round)
  await Promise.all([...nodes.map((node) => node.end('SIGKILL')), writing.stop(), reading.stop()])
  const absolute = (figure: string, bound: number) => ({
    ...{ subject: 'killed at random', figure, bound, want: 'at most' as const, unit: figure },
  })
  return {
    bench: 'killing',
    says: `${perSecond} messages a second of ${writers} people in ${groups} groups of ${membersEach}, on two nodes; ${missed} missed events`,
    rows,
    goals: [
      ...[absolute('lost', 0), absolute('doubled', 0), absolute('out of place', 0)],
      ...[absolute('conversation resume p99 ms', resumeLimitMs), absolute('inbox resume p99 ms', resumeLimitMs)],
    ],
    notes: [
      'a resume is from opening a socket to the last event; one that a kill cut off is begun again on the other node',
    ],
  }
}

const p99 = (values: number[]) => percentile(Float64Array.from(values).sort(), 0.99)

/** One node is always there. */
async function killOneByOne(
  nodes: ApiProcess[],
  env: Record<string, string>,
  random: () => number,
  isOver: () => boolean,
) {
  let kills = 0
  for (; !isOver(); kills += 1) {
    await pause(peaceMs.least + random() * (peaceMs.most - peaceMs.least))
    const i = random() < 0.5 ? 0 : 1
    const victim = nodes[i]
    if (!victim) continue
    await victim.end('SIGKILL')
    nodes[i] = await startApi(env, victim.port)
  }
  return kills
}

async function comeBack(reading: Child, { reader }: People, ports: number[], isOver: () => boolean) {
  const { token, conversationId: id, eventsCursor, inboxCursor } = reader
  const orders: Record<'events' | 'inbox', Omit<ResumeOrder, 'ports'>> = {
    events: { token, query: documents.events, variables: { id, after: eventsCursor }, events: missed },
    inbox: { token, query: documents.inbox, variables: { after: inboxCursor }, events: missed },
  }
  const times: Record<'events' | 'inbox', number[]> = { events: [], inbox: [] }
  for (let n = 0; !isOver(); n += 1) {
    const what = n % 2 === 0 ? 'events' : 'inbox'
    const first = n % 4 < 2 ? ports : [...ports].reverse()
    const ms = await reading.call<number | undefined>('resume', { ...orders[what], ports: first })
    if (ms !== undefined) times[what].push(ms)
    await pause(20)
  }
  return times
}

/** Compares what was acknowledged with what is kept. */
async function judged(url: string, { groups: all }: People, { acknowledged }: Written): Promise<Figures> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ id: string; seq: number; client: string | null }>(
    `select conversation_id as id, seq, client_id as client from conversation_entries
     where conversation_id = any($1::uuid[]) order by conversation_id, seq`,
    [all.map(({ id }) => id)],
  )
  await client.end()
  const globalIds = new Map(all.map(({ id, globalId }) => [id, globalId]))
  const kept = new Map<string, { group: string; seq: number }>()
  let [doubled, holes, next, current] = [0, 0, 1, '']
  for (const { id, seq, client: clientId } of rows) {
    if (id !== current) [current, next] = [id, 1]
    if (seq !== next) holes += 1
    next = seq + 1
    if (clientId === null) continue
    if (kept.has(clientId)) doubled += 1
    kept.set(clientId, { group: globalIds.get(id) ?? '', seq })
  }
  const found = acknowledged.map(([clientId, group, seq]) => ({ group, seq, is: kept.get(clientId) }))
  return {
    acknowledged: acknowledged.length,
    lost: found.filter(({ is }) => !is).length,
    doubled,
    'out of place': holes + found.filter(({ group, seq, is }) => is && (is.seq !== seq || is.group !== group)).length,
  }
}
