import { createHash, randomUUID } from 'node:crypto'
import pg from 'pg'
import { type ChainedEntry, entryHash, genesisHash } from '../../src/modules/audit/chain.ts'
import { createAuditService, createAuditStore } from '../../src/modules/audit/index.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createPostgres } from '../../src/platform/postgres.ts'
import type { Bench } from '../kit/bench.ts'
import { interleave } from '../kit/rounds.ts'

const entries = 1_000_000
const batch = 5000

/** Verifying a whole audit log, beside no more than reading it. */
export const audit: Bench = async ({ stage, rounds, say }) => {
  const url = stage.env['DATABASE_URL'] ?? ''
  say(`audit: ${entries} entries`)
  await fill(url)
  const postgres = createPostgres({ url, poolSize: 1, logger: createLogger({ level: 'silent' }) })
  const store = createAuditStore(postgres)
  const service = createAuditService({ store, secret: stage.env['VICINITY_SECRET'] ?? '' })
  await service.checkpoint()
  const subjects = [
    {
      name: 'reading',
      async work() {
        let read = 0
        for await (const { seq } of store.chained()) read = seq
        if (read !== entries) throw new Error(`${read} entries were read`)
      },
    },
    {
      name: 'verifying',
      async work() {
        const { faults, entries: read } = await service.verify()
        if (faults.length > 0 || read !== entries) throw new Error(`${faults.length} faults in ${read} entries`)
      },
    },
  ]
  const rows = await interleave(subjects, rounds, async ({ work }) => {
    const began = performance.now()
    await work()
    return { seconds: (performance.now() - began) / 1000 }
  })
  await postgres.close()
  return {
    bench: 'audit',
    says: `an audit log of ${entries} entries, from its beginning`,
    rows,
    goals: [{ subject: 'verifying', figure: 'seconds', bound: 30, want: 'at most', unit: 'seconds' }],
    notes: [],
  }
}

/** Entries as the trigger would have chained them: one by one it takes minutes. */
async function fill(connectionString: string) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query("set session_replication_role = 'replica'")
  const actorId = randomUUID()
  let previousHash = genesisHash
  for (let first = 1; first <= entries; first += batch) {
    const made = Array.from({ length: batch }, (_, i) => {
      const entry = entryAt(first + i, actorId, previousHash)
      previousHash = entry.hash as typeof genesisHash
      return entry
    })
    const columns = [
      ...[made.map(({ seq }) => seq), made.map(({ at }) => new Date(Number(at)))],
      ...[made.map(({ target }) => target), made.map(({ detail }) => detail)],
      ...[made.map(({ previousHash: before }) => before), made.map(({ hash }) => hash)],
    ]
    await client.query(
      `insert into audit_log (seq, at, target, detail, previous_hash, hash, actor_id, action, personal_hash)
       select *, '${actorId}', 'CLAIM_CASE', '' from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::jsonb[], $5::bytea[], $6::bytea[])`,
      columns,
    )
  }
  await client.query('update audit_head set seq = $1, hash = $2', [entries, previousHash])
  // As autovacuum does after a while.
  await client.query('vacuum analyze audit_log')
  await client.end()
}

function entryAt(seq: number, actorId: string, previousHash: Buffer): ChainedEntry {
  const target = `case:${createHash('md5').update(String(seq)).digest('hex')}`
  const facts = {
    actorId,
    action: 'CLAIM_CASE',
    target,
    detail: `{"round": ${seq % 7}}`,
    personId: null,
    personal: null,
  }
  const at = String(1_800_000_000_000 + seq)
  const entry = {
    seq,
    at,
    ...facts,
    personalSalt: null,
    personalHash: Buffer.alloc(0),
    previousHash,
    hash: previousHash,
  }
  return { ...entry, hash: entryHash(entry) }
}
