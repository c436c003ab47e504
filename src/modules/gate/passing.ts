import { describeError, type Logger } from '../../platform/logger.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { Judgement } from '../policies/index.ts'
import type { FoundLink } from '../scanning/index.ts'
import { isNoticed } from './judging.ts'
import type { Passed, Write } from './writes.ts'

/** What a policy noticed of something that is written now: what the job `judge-written` is about. */
export interface Notice {
  subject: Parameters<Passed['written']>[0]
  personId: string
  /** Of the decision that hides it; null: it is shown. */
  decisionId: string | null
  action: 'HIDE' | 'SHADOW' | null
  openCase: boolean
  severity: number
  reasons: string[]
  rule: string | null
  policyId: string | null
  texts: readonly string[]
}

export interface LetThrough {
  write: Write
  texts: readonly string[]
  /** Those that are left in the texts. */
  links: readonly FoundLink[]
  judgement: Judgement
  decisionId: string | null
}

/** What goes on from a write once it is there: a case, a decision, a closer look at its links. */
export function createPassing(deps: {
  postgres: Pick<Postgres, 'sql'>
  enqueue: (sql: Sql, job: string, payload: unknown, key: string) => Promise<void>
  logger: Logger
}) {
  const { postgres, enqueue, logger } = deps

  function later(job: string, payload: unknown, key: string) {
    enqueue(postgres.sql, job, payload, `${job}:${key}`).catch((error: unknown) =>
      logger.warn('gate: what was written is not looked at', { job, ...describeError(error) }),
    )
  }

  return ({ write, texts, links, judgement, decisionId }: LetThrough): Passed['written'] =>
    (subject) => {
      const { decision, policyId } = judgement
      const name = `${subject.kind}:${subject.id}`
      const urls = [...new Set(links.map(({ url }) => url))]
      if (urls.length > 0) later('scan-links', { subject, ownerId: write.personId, urls }, name)
      if (!isNoticed(decision)) return
      const { action, severity, reasons, rules, openCase } = decision
      const hides = action === 'HIDE' || action === 'SHADOW'
      const notice: Notice = {
        ...{ subject, personId: write.personId, decisionId, action: hides ? action : null, severity, reasons },
        ...{ rule: rules[0] ?? null, policyId, openCase, texts },
      }
      later('judge-written', notice, `${name}:${decisionId ?? write.attempt}`)
    }
}
