// Invariant: a replay changes nothing, and the same version over the same writes gives the same report to the byte.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import type { Sql } from '../../platform/postgres.ts'
import type { AuditService } from '../audit/index.ts'
import { compilePolicy } from './compile.ts'
import type { After, JudgedStore } from './judged-store.ts'
import { digestOf, ReplayCount, type ReplayReport } from './replay-report.ts'
import type { PolicyReplay, ReplayStore } from './replay-store.ts'
import type { PolicyVersion } from './version-store.ts'

export interface ReplayService {
  /**
   * Has a version tried on what was written before. Refuses an unknown version with NOT_FOUND, and times that are not in order or not over.
   * Repeating it gives the original, for ever.
   */
  replayPolicy(
    adminId: string,
    input: { clientId: string; policyId: string; since: Date; until: Date },
  ): Promise<PolicyReplay>
  replaysById(ids: readonly string[]): Promise<Map<string, PolicyReplay>>
  /** Refuses with NOT_FOUND. */
  policyReplay(replayId: string): Promise<PolicyReplay>
  /** The job: reads, counts and keeps the report. Safe to repeat. */
  runReplay(replayId: string): Promise<void>
}

const batch = 2000

export function createReplays(deps: {
  store: ReplayStore
  judged: Pick<JudgedStore, 'page'>
  audit: AuditService
  clock: Clock
  versionOf: (policyId: string) => Promise<PolicyVersion>
  enqueue: (sql: Sql, replayId: string) => Promise<void>
}): ReplayService {
  const { store, judged, audit, clock, versionOf, enqueue } = deps

  async function known(replayId: string): Promise<PolicyReplay> {
    const [replay] = isId(replayId) ? await store.byIds([replayId]) : []
    if (!replay) throw new NotFoundError()
    return replay
  }

  return {
    async replayPolicy(adminId, { clientId, policyId, since, until }) {
      const original = async () => {
        const made = await store.byClientId(adminId, clientId)
        const isSame = made?.policyId === policyId && +made.since === +since && +made.until === +until
        if (made && !isSame) throw new IdempotencyMismatchError()
        return made
      }
      const earlier = await original()
      if (earlier) return earlier
      await versionOf(policyId)
      const nowMs = clock.now()
      if (since >= until) throw new BadUserInputError('`until` is after `since`.', 'until')
      if (until.getTime() > nowMs) throw new BadUserInputError('`until` is not in the future.', 'until')
      const [id, createdAt] = [createId(nowMs), new Date(nowMs)]
      const made = await store.transaction(async (tx) => {
        const replay = await store.insert(tx, { id, policyId, since, until, requestedBy: adminId, clientId, createdAt })
        if (!replay) return undefined
        await enqueue(tx, id)
        const detail = { replayId: id, since, until }
        await audit.write(tx, { actorId: adminId, action: 'REPLAY_POLICY', target: `policy:${policyId}`, detail })
        return replay
      })
      // Somebody with the same client id was faster.
      return made ?? (await original()) ?? known(id)
    },

    async replaysById(ids) {
      const found = await store.byIds(ids.filter(isId))
      return new Map(found.map((replay) => [replay.id, replay]))
    },

    policyReplay: known,

    async runReplay(replayId) {
      const replay = await known(replayId)
      if (replay.state === 'DONE') return
      await store.setRunning(replayId)
      try {
        const report = await replayed(judged, await versionOf(replay.policyId), { ...replay, batch })
        await store.finish(replayId, { report, digest: digestOf(report) }, new Date(clock.now()))
      } catch (error) {
        // It is tried again; until then it is known that it has not worked.
        await store.fail(replayId, new Date(clock.now())).catch(() => undefined)
        throw error
      }
    },
  }
}

/** What a version would have decided about everything judged since one time and before another, oldest first. */
export async function replayed(
  judged: Pick<JudgedStore, 'page'>,
  { id: policyId, document }: Pick<PolicyVersion, 'id' | 'document'>,
  { since, until, batch }: { since: Date; until: Date; batch: number },
): Promise<ReplayReport> {
  const count = new ReplayCount(compilePolicy(document), document)
  let after: After
  for (;;) {
    const writes = await judged.page(since, until, after, batch)
    for (const write of writes) count.add(write)
    after = writes.at(-1)
    if (writes.length < batch) return count.report({ policyId, since, until })
  }
}
