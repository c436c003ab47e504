import type { TestApp } from './app.ts'
import { eventually } from './eventually.ts'

/**
 * Until somebody is erased. The job gives every node three seconds to know that their tokens are worth nothing; here it runs as soon
 * as each of these knows.
 */
export async function untilErased(
  nodes: readonly [TestApp, ...TestApp[]],
  { personId, token }: { personId: string; token: string },
  completedAt: () => Promise<Date | null | undefined>,
): Promise<void> {
  const [app] = nodes
  for (const { services } of nodes) {
    const refuses = () =>
      services.identity.authenticate(token).then(
        () => false,
        () => true,
      )
    await eventually(refuses, Boolean)
  }
  await app.postgres.pool.query(
    `update graphile_worker._private_jobs set run_at = now() where key in ('erase-person:' || $1, 'erase-account:' || $1)`,
    [personId],
  )
  await eventually(
    async () => {
      await app.idle()
      return completedAt()
    },
    (at) => at instanceof Date,
    15_000,
  )
}
