// The data layer of sending, by itself: the service's call, and beside it one bare statement of `pg` that gives out a position and
// writes the message down, on the plainest tables of that shape.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createMessageStore, quickTexts } from '../../src/modules/messages/message-store.ts'
import { createSending } from '../../src/modules/messages/sending.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { applyMigrations } from '../../src/platform/migrations.ts'
import { createPostgres } from '../../src/platform/postgres.ts'
import { answer } from '../kit/answer.ts'
import { percentile } from '../kit/figures.ts'

const url = String(process.env['DATABASE_URL'])
const poolSize = 32
const body = 'hello there, are you still at the park?'

const postgres = createPostgres({ url, poolSize, logger: createLogger({ level: 'warn' }) })
const pool = new pg.Pool({ connectionString: url, max: poolSize })
const sending = createSending({
  store: createMessageStore(postgres),
  // What is told afterwards goes through Redis, and nobody waits for it.
  tell: () => undefined,
  limiter: { take: async () => undefined },
  gate: { ask: async ({ texts }) => ({ texts, hiddenBy: null, written: () => undefined }) },
  ...{ now: Date.now, rateLimits: false, secret: 'a secret that only a bench uses, 32+ characters' },
})

/** Ids that a script of pgbench can make, too: a number in the last twelve digits. */
const idOf = (kind: 'account' | 'conversation', n: number) =>
  `${kind === 'account' ? '0190a000' : '0190c000'}-0000-7000-8000-${String(n).padStart(12, '0')}`

const tables = `
  create table plain_conversations (id int primary key, last_seq int not null default 0) with (fillfactor = 50);
  create table plain_messages (
    conversation_id int not null references plain_conversations (id), seq int not null, sender text not null, body text not null,
    created_at timestamptz not null default now(), primary key (conversation_id, seq));
  insert into plain_conversations select n, 0 from generate_series(0, 10000) n;`

const account = `('0190a000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid`
const conversation = `('0190c000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid`

/** 10,000 direct conversations of 20,000 people, and one group, number 0, of the first 32. */
async function prepare(): Promise<void> {
  // Here, not in the bench: one process opens the engine of migrations once.
  await applyMigrations(url)
  await pool.query(tables)
  await pool.query(`insert into accounts (id, username) select ${account}, 'u' || n from generate_series(0, 19999) n`)
  await pool.query(
    `insert into conversations (id, kind, name, last_seq, members_seq)
     select ${conversation}, case when n = 0 then 'GROUP' else 'DIRECT' end::"ConversationKind", null, 1, 1 from generate_series(0, 10000) n`,
  )
  await pool.query(
    `insert into conversation_members (conversation_id, account_id, joined_seq)
     select ${conversation}, ('0190a000-0000-7000-8000-' || lpad(((n - 1) * 2 + i)::text, 12, '0'))::uuid, 1
     from generate_series(1, 10000) n, generate_series(0, 1) i`,
  )
  await pool.query(
    `insert into conversation_members (conversation_id, account_id, joined_seq)
     select '${idOf('conversation', 0)}', ${account}, 1 from generate_series(0, 31) n`,
  )
  await pool.query('analyze')
}

const plainText = `with s as (update plain_conversations set last_seq = last_seq + 1 where id = $1 returning last_seq)
  insert into plain_messages (conversation_id, seq, sender, body) select $1, last_seq, $2, $3 from s returning seq, created_at`

export type Way = 'plain' | 'own statement' | 'vicinity'

const ways: Record<Way, (conversation: number, sender: number) => Promise<unknown>> = {
  plain: (n) => pool.query({ name: 'plain', text: plainText, values: [n, 'u42', body] }),
  'own statement': (n, sender) => {
    const values = [
      idOf('conversation', n),
      idOf('account', sender),
      randomBytes(12).toString('base64url'),
      randomBytes(32),
    ]
    return pool.query({ name: 'own', text: quickTexts.GROUP, values: [...values, body, 1] })
  },
  vicinity: (n, sender) =>
    sending.send(idOf('account', sender), {
      ...{
        conversationId: idOf('conversation', n),
        clientId: randomBytes(12).toString('base64url'),
        body,
        replyToId: null,
      },
    }),
}

export interface SendRound {
  sent: number
  elapsedMs: number
  p50: number
  p99: number
}

/** So many at once, each by somebody else, into any conversation or all into one. */
async function run({ way, hot, ms }: { way: Way; hot: boolean; ms: number }): Promise<SendRound> {
  const send = ways[way]
  const times: number[] = []
  const begun = performance.now()
  const worker = async (_: unknown, i: number) => {
    while (performance.now() - begun < ms) {
      const n = hot ? 0 : 1 + Math.floor(Math.random() * 10_000)
      const started = performance.now()
      await send(n, hot ? i : (n - 1) * 2 + (i % 2))
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: poolSize }, worker))
  const elapsedMs = performance.now() - begun
  times.sort((a, b) => a - b)
  return { sent: times.length, elapsedMs, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** One message into each conversation, so that they are known from then on, as they are to a node that has run for a while. */
async function meetAll(): Promise<void> {
  const numbers = Array.from({ length: 10_001 }, (_, n) => n).values()
  const worker = async () => {
    for (const n of numbers) await ways.vicinity(n, n === 0 ? 0 : (n - 1) * 2)
  }
  await Promise.all(Array.from({ length: poolSize }, worker))
}

/** Our statement for pgbench, all into the one conversation: its own numbers stand in for keys and fingerprints. */
function script(): string {
  const names: Record<string, string> = {
    ...{ 1: `'${idOf('conversation', 0)}'::uuid`, 2: `('0190a000-0000-7000-8000-' || lpad(:s::text, 12, '0'))::uuid` },
    ...{ 3: `(:k::bigint)::text`, 4: `decode(md5((:k::bigint)::text), 'hex')`, 5: `'${body}'`, 6: '1' },
  }
  const text = quickTexts.GROUP.replaceAll(/\$(\d)/g, (_, n: string) => names[n] ?? '').replaceAll(/\s+/g, ' ')
  return `\\set s random(0, 31)\n\\set k random(1, 1000000000000000000)\n${text.trim()};\n`
}

/** Whether every position was given out, once. */
async function holes(): Promise<number> {
  const { rows } = await pool.query<{ holes: number }>(
    `select count(*)::int as holes from conversations c
     where last_seq - 1 <> (select count(*) from conversation_entries e where e.conversation_id = c.id)`,
  )
  return rows[0]?.holes ?? -1
}

answer(Promise.resolve(), { prepare, meetAll, run, script, holes })
