import type { Postgres, Sql } from '../../platform/postgres.ts'
import { startRisk, startTrust, trustGrowsTo } from './bands.ts'
import type { ActiveRestriction, PersonState } from './state.ts'
import type { Surface } from './writes.ts'

export interface Standing {
  personId: string
  trust: number
  risk: number
  knownSince: Date
}

export interface ReputationEvent {
  id: string
  personId: string
  kind: string
  surface: Surface | null
  trustDelta: number
  riskDelta: number
  cause: string
  at: Date
}

type StateRow = Omit<PersonState, 'knownSinceMs' | 'answeredAtMs' | 'restrictions'> & {
  knownSince: Date
  answeredAt: Date | null
  restrictions: (Pick<ActiveRestriction, 'id' | 'kind' | 'surface' | 'explanation'> & {
    startsAt: number
    expiresAt: number | null
  })[]
}

export type StandingStore = ReturnType<typeof createStandingStore>

/** Who is an account or a device, and since when. */
const known = `select created_at as since from accounts where id = p.id union all select registered_at from devices where id = p.id`
/** Trust of somebody of whom nothing else is known: it has grown since they came. */
const grown = (since: string) =>
  `least(${trustGrowsTo}, ${startTrust} + greatest(0, floor(extract(epoch from $2::timestamptz - ${since}) / 86400)))::int`

export function createStandingStore({ sql }: Pick<Postgres, 'sql'>) {
  return {
    /**
     * Locks how a person stands, and counts a change of it. Whatever changes of a person is written after this, in the same transaction.
     * Undefined when there is no such person any more: nothing is to be kept of them.
     */
    async change(tx: Sql, personId: string, nowMs: number): Promise<Standing | undefined> {
      const [row] = await tx<Standing>(
        {
          name: 'gate-standing-change',
          text: `insert into standings as s (person_id, trust, risk, known_since, decayed_at, version)
                 select p.id, ${grown('k.since')}, ${startRisk}, k.since, $2, 1 from (values ($1::uuid)) p (id), lateral (${known}) k
                 on conflict (person_id) do update set version = s.version + 1
                 returning person_id as "personId", trust, risk, known_since as "knownSince"`,
        },
        [personId, new Date(nowMs)],
      )
      return row
    },

    /** Writes an event down and counts it; false when this cause was counted before. The standing is locked already. */
    async note(tx: Sql, event: ReputationEvent, negative: boolean): Promise<boolean> {
      const { id, personId, kind, surface, trustDelta, riskDelta, cause, at } = event
      const rows = await tx(
        {
          name: 'gate-standing-note',
          text: `with event as (
                   insert into reputation_events (id, person_id, kind, surface, trust_delta, risk_delta, cause, at)
                   values ($1, $2, $3, $4::"Surface", $5, $6, $7, $8) on conflict (person_id, cause) do nothing returning person_id
                 )
                 update standings s set trust = least(100, greatest(0, trust + $5)), risk = least(100, greatest(0, risk + $6)),
                        last_negative_at = case when $9 then greatest(last_negative_at, $8) else last_negative_at end
                 from event where s.person_id = event.person_id returning 1 as counted`,
        },
        [id, personId, kind, surface, trustDelta, riskDelta, cause, at, negative],
      )
      return rows.length > 0
    },

    /** How many events of a kind there were since. */
    async count(tx: Sql, personId: string, kinds: readonly string[], sinceMs: number): Promise<number> {
      const [row] = await tx<{ count: number }>(
        {
          name: 'gate-standing-count',
          text: `select count(*)::int as count from reputation_events where person_id = $1 and kind = any($2) and at > $3`,
        },
        [personId, kinds, new Date(sinceMs)],
      )
      return row?.count ?? 0
    },

    /** What of a person the gate needs, as of one commit: of one statement, so that version and restrictions belong together. */
    async state(personId: string, nowMs: number, answeredSinceMs: number): Promise<PersonState> {
      const [row] = await sql<StateRow>(
        {
          name: 'gate-state',
          text: `select k.since is not null as known, coalesce(s.version, 0) as version, coalesce(s.trust, ${grown('coalesce(k.since, $2)')}) as trust,
                        coalesce(s.risk, ${startRisk}) as risk, coalesce(k.since, s.known_since, $2) as "knownSince",
                        exists (select from reputation_events where person_id = p.id and kind = 'linked_to_banned'
                          and at > $2::timestamptz - interval '30 days') as linked,
                        (select max(revoked_at) from restrictions where person_id = p.id and kind = 'CHALLENGE' and revoked_by = p.id
                           and revoked_at > $3) as "answeredAt",
                        coalesce((select jsonb_agg(jsonb_build_object('id', r.id, 'kind', r.kind, 'surface', r.surface,
                            'explanation', r.explanation, 'startsAt', (extract(epoch from r.created_at) * 1000)::bigint,
                            'expiresAt', (extract(epoch from r.expires_at) * 1000)::bigint))
                          from restrictions r where r.person_id = p.id and r.revoked_at is null
                            and (r.expires_at is null or r.expires_at > $2)), '[]') as restrictions
                 from (values ($1::uuid)) p (id) left join standings s on s.person_id = p.id left join lateral (${known}) k on true`,
        },
        [personId, new Date(nowMs), new Date(answeredSinceMs)],
      )
      if (!row) throw new Error('a row for everybody')
      const { knownSince, answeredAt, restrictions, ...rest } = row
      return {
        ...rest,
        knownSinceMs: knownSince.getTime(),
        answeredAtMs: answeredAt?.getTime() ?? null,
        restrictions: restrictions.map(({ startsAt, expiresAt, ...one }) => ({
          ...one,
          startsAtMs: startsAt,
          expiresAtMs: expiresAt,
        })),
      }
    },

    /** How these stand, those too of whom nothing is written down. Nobody who is not there. */
    async standings(personIds: readonly string[], nowMs: number): Promise<Standing[]> {
      return sql<Standing>(
        {
          name: 'gate-standings',
          text: `select p.id as "personId", coalesce(s.trust, ${grown('k.since')}) as trust, coalesce(s.risk, ${startRisk}) as risk,
                        k.since as "knownSince"
                 from unnest($1::uuid[]) p (id) left join standings s on s.person_id = p.id, lateral (${known}) k`,
        },
        [personIds, new Date(nowMs)],
      )
    },
  }
}
