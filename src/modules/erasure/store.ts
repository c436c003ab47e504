import type { Postgres } from '../../platform/postgres.ts'

export interface ErasureStore {
  /** In the place of somebody there is proof that they were erased, and how much of them. The first one stays. */
  complete(id: string, subject: string, counts: Record<string, number>): Promise<void>
}

/** `table`: what the erased is a row of. */
export function createErasureStore(
  { transaction }: Pick<Postgres, 'transaction'>,
  table: 'devices' | 'accounts',
): ErasureStore {
  return {
    complete: (id, subject, counts) =>
      transaction(async (sql) => {
        await sql(
          {
            name: 'erasure-complete',
            text: `update erasures set completed_at = clock_timestamp(), counts = $2 where subject = $1 and completed_at is null`,
          },
          [subject, JSON.stringify(counts)],
        )
        await sql({ name: `erasure-drop-${table}`, text: `delete from ${table} where id = $1` }, [id])
      }),
  }
}
