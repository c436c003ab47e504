// Invariant: who is erased is named by no case, report or piece of evidence, and what their words were is gone.
import type { Clock } from '../../platform/clock.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { CaseStore } from './case-store.ts'
import type { EvidenceStore } from './evidence-store.ts'
import type { ReportStore } from './report-store.ts'
import type { ResolutionStore } from './resolution-store.ts'
import type { ScopeStore } from './scope-store.ts'

export interface Forgetting {
  /** Forgets a person, a device or an account: what was theirs, what they reported, and what they did as staff. Safe to repeat. Answers how much. */
  erase(personId: string): Promise<number>
  /** Drops evidence of cases that were over for thirty days. Safe to repeat. */
  dropEvidence(): Promise<void>
}

const keptMs = 30 * 24 * 60 * 60 * 1000

export function createForgetting(deps: {
  postgres: Postgres
  stores: {
    cases: CaseStore
    reports: ReportStore
    evidence: EvidenceStore
    resolutions: ResolutionStore
    scopes: ScopeStore
  }
  clock: Clock
}): Forgetting {
  const { postgres, clock } = deps
  const { cases, reports, evidence, resolutions, scopes } = deps.stores
  return {
    erase: (personId) =>
      postgres.transaction(async (sql) => {
        const erased = [cases.erase, reports.erase, evidence.erase, resolutions.erase, scopes.erase]
        let count = 0
        for (const erase of erased) count += await erase(sql, personId)
        return count
      }),

    async dropEvidence() {
      while ((await evidence.dropOver(new Date(clock.now() - keptMs))) > 0);
    },
  }
}
