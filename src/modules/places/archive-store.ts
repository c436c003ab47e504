import type { Postgres } from '../../platform/postgres.ts'
import { type EventRow, eventColumns } from './event-row.ts'

/** One message of an event's chat as it is kept. */
export interface ArchivedMessage {
  seq: number
  sentAtMs: number
  /** A label that names nobody outside of this event. */
  author: string
  body: string
}

/** What is kept of events that are over. */
export function createArchiveStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>) {
  return {
    /** Events whose messages are kept, in pages. */
    async withMessages(after: string | null, limit: number): Promise<string[]> {
      const text = `select distinct event_id as id from event_messages where $1::uuid is null or event_id > $1 order by event_id limit $2`
      return (await sql<{ id: string }>({ name: 'places-events-kept', text }, [after, limit])).map(({ id }) => id)
    },

    /** Deletes what an author said at each of these events, by the label they had there. */
    async eraseMessages(eventIds: string[], authors: string[]): Promise<number> {
      const rows = await sql(
        {
          name: 'places-erase-messages',
          text: `delete from event_messages m using unnest($1::uuid[], $2::text[]) as gone (event_id, author)
                 where m.event_id = gone.event_id and m.author = gone.author returning m.seq`,
        },
        [eventIds, authors],
      )
      return rows.length
    },

    /** Marks an event as archived with its counts and messages, if `decide` says so, and tells its row as it then is. */
    archive: (
      id: string,
      nowMs: number,
      archived: { joins: number; said?: number; messages: readonly ArchivedMessage[] },
      decide: (event: EventRow) => boolean,
    ): Promise<EventRow | undefined> =>
      transaction(async (tx) => {
        const [event] = await tx<EventRow>(
          {
            name: 'places-event-lock-alone',
            text: `select ${eventColumns} from events e where e.id = $1 for no key update`,
          },
          [id],
        )
        if (!event || !decide(event)) return event
        const { joins, messages } = archived
        const said = archived.said ?? messages.reduce((most, { seq }) => Math.max(most, seq), 0)
        const [row] = await tx<EventRow>(
          {
            name: 'places-event-archive',
            text: `update events e set status = 'ARCHIVED', archived_at = $2, joins = $3, messages = $4, version = version + 1
                   where e.id = $1 returning ${eventColumns}`,
          },
          [id, new Date(nowMs), joins, said],
        )
        if (event.archiveMessages) {
          await tx(
            {
              name: 'places-event-messages',
              text: `insert into event_messages (event_id, seq, sent_at, author, body)
                     select $1, m.* from unnest($2::int[], $3::timestamptz[], $4::text[], $5::text[]) m on conflict do nothing`,
            },
            [
              id,
              messages.map(({ seq }) => seq),
              messages.map(({ sentAtMs }) => new Date(sentAtMs)),
              messages.map(({ author }) => author),
              messages.map(({ body }) => body),
            ],
          )
        }
        return row
      }),
  }
}
