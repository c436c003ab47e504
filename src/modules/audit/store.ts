import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { ChainedEntry } from './chain.ts'
import type { Checkpoint, LogEnd } from './checkpoints.ts'

/** Something that staff or the system did. Its place, time and hash are the database's own. */
export interface AuditRecord {
  /** The account that did it; null for the system. */
  actorId: string | null
  /** In capitals: `CLAIM_CASE`, `READ_EVIDENCE`, … */
  action: string
  /** What it was done to, `case:<id>`, `policy:<id>`; never a person. */
  target: string
  /** Nothing personal. */
  detail?: Record<string, unknown>
  /** Whom it is about, a device or an account, and what of it is personal. Erased with them. */
  personId?: string | null
  personal?: Record<string, unknown> | null
}

/** An entry as it is read. */
export interface AuditEntry {
  seq: number
  at: Date
  actorId: string | null
  action: string
  target: string
  /** JSON. */
  detail: string
  personId: string | null
  /** JSON; null where nothing is personal, and once it is erased. */
  personal: string | null
  hash: Buffer
}

export interface AuditFilter {
  actorId: string | null
  action: string | null
  target: string | null
  personId: string | null
  since: Date | null
  until: Date | null
}

export type AuditStore = ReturnType<typeof createAuditStore>

const insertText = `insert into audit_log (actor_id, action, target, detail, person_id, personal, personal_hash, previous_hash, hash)
  values ($1, $2, $3, $4, $5, $6, '', '', '')`
const batch = 5000
const chainedText = `select seq::int, (extract(epoch from at) * 1000)::bigint::text as at, actor_id as "actorId", action, target,
  detail::text, person_id as "personId", personal::text, personal_salt as "personalSalt", personal_hash as "personalHash",
  previous_hash as "previousHash", hash from audit_log e where e.seq > $1 order by e.seq limit ${batch}`
/** Only what is asked for is in the statement, so that its index is used. */
const conditions: Record<keyof AuditFilter, string> = {
  actorId: 'e.actor_id =',
  action: 'e.action =',
  target: 'e.target =',
  personId: 'e.person_id =',
  since: 'e.at >=',
  until: 'e.at <',
}
/** Not by `seq`: that is the answer's, which no index has. */
const listText = (asked: readonly (keyof AuditFilter)[], order: 'asc' | 'desc') => `
  select seq::int, at, actor_id as "actorId", action, target, detail::text, person_id as "personId", personal::text, hash
  from audit_log e where e.seq > $1 and e.seq < $2 ${asked.map((name, i) => `and ${conditions[name]} $${i + 4}`).join(' ')}
  order by e.seq ${order} limit $3`
const eraseText = `with erased as (
    update audit_log set person_id = null, personal = null, personal_salt = null where person_id = $1 returning 1
  ) select count(*)::int as erased from erased`

export function createAuditStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>) {
  /** Writes in the transaction of what it tells of: neither is there without the other. The trigger chains it. */
  async function insert(
    tx: Sql,
    { actorId, action, target, detail = {}, personId = null, personal = null }: AuditRecord,
  ) {
    const values = [actorId, action, target, JSON.stringify(detail), personId, personal && JSON.stringify(personal)]
    await tx({ name: 'audit-insert', text: insertText }, values)
  }

  return {
    insert,

    /** What is read, and the word about it: both or neither. */
    reading: <T>(record: AuditRecord, work: (tx: Sql) => Promise<T>): Promise<T> =>
      transaction(async (tx) => {
        const found = await work(tx)
        await insert(tx, record)
        return found
      }),

    list(tx: Sql, filter: AuditFilter, { from, to, order, limit }: KeysetRange): Promise<AuditEntry[]> {
      const asked = (Object.keys(conditions) as (keyof AuditFilter)[]).filter((name) => filter[name] !== null)
      const name = ['audit-list', order, ...asked].join('-')
      const values = [from?.key ?? 0, to?.key ?? Number.MAX_SAFE_INTEGER, limit, ...asked.map((each) => filter[each])]
      return tx<AuditEntry>({ name, text: listText(asked, order) }, values)
    },

    /** Every entry from the first on, as it is chained. */
    async *chained(): AsyncGenerator<ChainedEntry> {
      for (let after = 0; ; ) {
        const rows = await sql<ChainedEntry>({ name: 'audit-chained', text: chainedText }, [after])
        yield* rows
        const last = rows.at(-1)
        if (!last || rows.length < batch) return
        after = last.seq
      }
    },

    async head(): Promise<LogEnd> {
      const [head] = await sql<LogEnd>({ name: 'audit-head', text: 'select seq::int, hash from audit_head' })
      if (!head) throw new Error('the audit log has no head')
      return head
    },

    checkpoints: (): Promise<Checkpoint[]> =>
      sql<Checkpoint>({
        name: 'audit-checkpoints',
        text: 'select seq::int, hash, key_id as "keyId", signature from audit_checkpoints order by seq',
      }),

    /** One for each end, however often it is signed. */
    async addCheckpoint({ seq, hash, keyId, signature }: Checkpoint): Promise<void> {
      await sql(
        {
          name: 'audit-add-checkpoint',
          text: 'insert into audit_checkpoints (seq, hash, key_id, signature) values ($1, $2, $3, $4) on conflict do nothing',
        },
        [seq, hash, keyId, signature],
      )
    },

    /** Takes out what is personal of a person. The chain holds. */
    async erase(personId: string): Promise<number> {
      const [row] = await sql<{ erased: number }>({ name: 'audit-erase', text: eraseText }, [personId])
      return row?.erased ?? 0
    },
  }
}
