import type { KeysetRange } from '../../platform/keyset.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import { type Restriction, restrictionColumns } from './ledger-store.ts'
import type { ReputationEvent } from './standing-store.ts'

export type SupervisingStore = ReturnType<typeof createSupervisingStore>

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** A person's list between two places of it, by time. */
const bounds = (personId: string, { from, to, limit }: KeysetRange) => [
  ...[personId, from ? new Date(from.key) : '-infinity', from?.id ?? lowestId],
  ...[to ? new Date(to.key) : 'infinity', to?.id ?? highestId, limit],
]
const between = (time: string, id: string, order: string) =>
  `(${time}, ${id}) > ($2::timestamptz, $3::uuid) and (${time}, ${id}) < ($4::timestamptz, $5::uuid)
   order by ${time} ${order}, ${id} ${order} limit $6`

/** What staff looks at. */
export function createSupervisingStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /** Whoever has the same wish at the same time waits here until it is fulfilled. */
    async queue(tx: Sql, id: string): Promise<void> {
      const text = `select pg_advisory_xact_lock(hashtextextended('gate-restrict ' || $1, 0)) is null as locked`
      await tx({ name: 'gate-restrict-queue', text }, [id])
    },

    restrictions: (personId: string, range: KeysetRange): Promise<Restriction[]> =>
      sql<Restriction>(
        {
          name: `gate-restrictions-${range.order}`,
          text: `select ${restrictionColumns} from restrictions r
                 where r.person_id = $1 and ${between('r.created_at', 'r.id', range.order)}`,
        },
        bounds(personId, range),
      ),

    events: (personId: string, range: KeysetRange): Promise<ReputationEvent[]> =>
      sql<ReputationEvent>(
        {
          name: `gate-events-${range.order}`,
          text: `select id, person_id as "personId", kind, surface, trust_delta as "trustDelta", risk_delta as "riskDelta", cause, at
                 from reputation_events where person_id = $1 and ${between('at', 'id', range.order)}`,
        },
        bounds(personId, range),
      ),
  }
}
