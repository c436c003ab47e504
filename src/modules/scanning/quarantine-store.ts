import type { KeysetPlace, KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { Level } from './labels.ts'

export type QuarantineKind = 'image' | 'url' | 'text'
export type QuarantineDecision = 'CLEAN' | 'BLOCKED' | 'HIDDEN'
export type QuarantineState = 'NEEDS_REVIEW' | 'QUARANTINED' | QuarantineDecision

/** What something is part of, as moderation names it. */
export interface QuarantineSubject {
  kind: 'MESSAGE' | 'ACTIVITY' | 'ACTIVITY_MESSAGE' | 'ACCOUNT' | 'DEVICE' | 'VENUE' | 'EVENT'
  id: string
}

export interface NewQuarantineItem {
  subject: QuarantineSubject
  /** The person that answers for it. */
  ownerId: string | null
  kind: QuarantineKind
  /** What of the subject: an address or a hash, never the thing itself. */
  locator: string
  labels: Record<string, Level>
  /** BLOCKED: there is no doubt, and nobody is asked. */
  state: 'NEEDS_REVIEW' | 'QUARANTINED' | 'BLOCKED'
}

export interface QuarantineItem extends Omit<NewQuarantineItem, 'state'> {
  id: string
  state: QuarantineState
  /** Null: the system, nobody yet, or they are erased. */
  decidedBy: string | null
  decidedAt: Date | null
  createdAt: Date
}

export type QuarantineStore = ReturnType<typeof createQuarantineStore>

type Row = Omit<QuarantineItem, 'subject'> & { subjectKind: QuarantineSubject['kind']; subjectId: string }

const columns = `q.id, q.subject_kind as "subjectKind", q.subject_id as "subjectId", q.owner_id as "ownerId", q.kind, q.locator, q.labels,
  q.state, q.decided_by as "decidedBy", q.decided_at as "decidedAt", q.created_at as "createdAt"`
const itemOf = ({ subjectKind, subjectId, ...row }: Row): QuarantineItem => ({
  ...row,
  subject: { kind: subjectKind, id: subjectId },
})
const timeOf = (place: KeysetPlace | undefined, otherwise: string) => (place ? new Date(place.key) : otherwise)
const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export function createQuarantineStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Adds it, unless it is there. */
    async insert(tx: Sql, id: string, item: NewQuarantineItem, at: Date): Promise<QuarantineItem | undefined> {
      const { subject, ownerId, kind, locator, labels, state } = item
      const [row] = await tx<Row>(
        {
          name: 'quarantine-insert',
          text: `insert into quarantine_items as q
                   (id, subject_kind, subject_id, owner_id, kind, locator, labels, state, created_at, decided_at)
                 values ($1, $2::"SubjectKind", $3, $4::uuid, $5, $6, $7, $8::"QuarantineState", $9::timestamptz,
                   case when $8 = 'BLOCKED' then $9::timestamptz end)
                 on conflict (subject_kind, subject_id, kind, locator) do nothing returning ${columns}`,
        },
        [id, subject.kind, subject.id, ownerId, kind, locator, JSON.stringify(labels), state, at],
      )
      return row && itemOf(row)
    },

    /** Waits for whoever decides it now. */
    async lock(tx: Sql, id: string): Promise<QuarantineItem | undefined> {
      const text = `select ${columns} from quarantine_items q where q.id = $1 for no key update`
      const [row] = await tx<Row>({ name: 'quarantine-lock', text }, [id])
      return row && itemOf(row)
    },

    async lockOf(tx: Sql, item: NewQuarantineItem): Promise<QuarantineItem | undefined> {
      const { subject, kind, locator } = item
      const text = `select ${columns} from quarantine_items q where q.subject_kind = $1::"SubjectKind" and q.subject_id = $2
                    and q.kind = $3 and q.locator = $4 for no key update`
      const [row] = await tx<Row>({ name: 'quarantine-lock-of', text }, [subject.kind, subject.id, kind, locator])
      return row && itemOf(row)
    },

    async update(
      tx: Sql,
      id: string,
      { state, labels, decidedBy, decidedAt }: Pick<QuarantineItem, 'state' | 'labels' | 'decidedBy' | 'decidedAt'>,
    ): Promise<QuarantineItem> {
      const [row] = await tx<Row>(
        {
          name: 'quarantine-update',
          text: `update quarantine_items q set state = $2::"QuarantineState", labels = $3, decided_by = $4::uuid, decided_at = $5
                 where q.id = $1 returning ${columns}`,
        },
        [id, state, JSON.stringify(labels), decidedBy, decidedAt],
      )
      if (!row) throw new Error('update returned nothing')
      return itemOf(row)
    },

    /** Those in any of these states, the oldest first in the order of the range: a page of each, then a page of all. */
    async list(tx: Sql, states: readonly QuarantineState[], range: KeysetRange): Promise<QuarantineItem[]> {
      const { from, to, order, limit } = range
      const rows = await tx<Row>(
        {
          name: `quarantine-list-${order}`,
          text: `select p.* from unnest($6::"QuarantineState"[]) as s (state) cross join lateral (
                   select ${columns} from quarantine_items q where q.state = s.state
                   and (q.created_at, q.id) > ($1::timestamptz, $2::uuid) and (q.created_at, q.id) < ($3::timestamptz, $4::uuid)
                   order by q.created_at ${order}, q.id ${order} limit $5
                 ) p order by p."createdAt" ${order}, p.id ${order} limit $5`,
        },
        [
          ...[timeOf(from, '-infinity'), from?.id ?? lowestId, timeOf(to, 'infinity'), to?.id ?? highestId],
          ...[limit, states],
        ],
      )
      return rows.map(itemOf)
    },

    async byIds(tx: Sql, ids: readonly string[]): Promise<QuarantineItem[]> {
      const text = `select ${columns} from quarantine_items q where q.id = any($1::uuid[])`
      return (await tx<Row>({ name: 'quarantine-items', text }, [ids])).map(itemOf)
    },

    /** Drops what was decided before a time, and what waits since before it and was part of an activity: that is gone by then. */
    async dropBefore(at: Date): Promise<number> {
      const text = `delete from quarantine_items where decided_at < $1
                    or (decided_at is null and created_at < $1 and subject_kind in ('ACTIVITY', 'ACTIVITY_MESSAGE')) returning id`
      return (await sql({ name: 'quarantine-drop', text }, [at])).length
    },

    /** Drops what is a person's, and makes what they decided nobody's. */
    async erase(personId: string): Promise<number> {
      const gone = 'delete from quarantine_items where owner_id = $1 returning id'
      const nobodys = 'update quarantine_items set decided_by = null where decided_by = $1 returning id'
      const dropped = await sql({ name: 'quarantine-erase', text: gone }, [personId])
      return dropped.length + (await sql({ name: 'quarantine-disown', text: nobodys }, [personId])).length
    },
  }
}
