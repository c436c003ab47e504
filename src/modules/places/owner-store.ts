import type { Postgres } from '../../platform/postgres.ts'

export interface OwnerStore {
  /** Cancels whatever is published and not over, so that nothing puts it on the live map again. */
  cancelAll(ownerId: string, nowMs: number): Promise<void>
  /** Deletes an owner's events, with what is kept of them, and venues, and tells how many there were. */
  erase(ownerId: string): Promise<number>
}

/** What an account that is erased leaves here. All events at a venue are its owner's own. */
export function createOwnerStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>): OwnerStore {
  return {
    async cancelAll(ownerId, nowMs) {
      await sql(
        {
          name: 'places-cancel-all',
          text: `update events set status = 'CANCELLED', cancelled_at = $2, version = version + 1
                 where owner_id = $1 and status = 'PUBLISHED' and ends_at > $2`,
        },
        [ownerId, new Date(nowMs)],
      )
    },
    erase: (ownerId) =>
      transaction(async (tx) => {
        const events = await tx(
          { name: 'places-erase-events', text: 'delete from events where owner_id = $1 returning id' },
          [ownerId],
        )
        const venues = await tx(
          { name: 'places-erase-venues', text: 'delete from venues where owner_id = $1 returning id' },
          [ownerId],
        )
        return events.length + venues.length
      }),
  }
}
