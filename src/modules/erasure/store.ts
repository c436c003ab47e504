import type { Postgres } from '../../platform/postgres.ts'

export interface ErasureStore {
  /** In the place of a device there is proof that it was erased, and how much of it. The first one stays. */
  complete(deviceId: string, subject: string, counts: Record<string, number>): Promise<void>
}

export function createErasureStore({ transaction }: Pick<Postgres, 'transaction'>): ErasureStore {
  return {
    complete: (deviceId, subject, counts) =>
      transaction(async (sql) => {
        await sql(
          {
            name: 'erasure-complete',
            text: `update erasures set completed_at = clock_timestamp(), counts = $2 where subject = $1 and completed_at is null`,
          },
          [subject, JSON.stringify(counts)],
        )
        await sql({ name: 'erasure-drop-device', text: 'delete from devices where id = $1' }, [deviceId])
      }),
  }
}
