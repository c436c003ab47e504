import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { DurableTopic } from '../../platform/delivery/topics.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import { factsOf } from './case-filter.ts'
import { type CaseStep, type Refusal, take } from './case-machine.ts'
import type { CaseStore } from './case-store.ts'
import type { CaseChange, ModerationCase } from './cases.ts'
import { type CaseChanged, queueKey } from './events.ts'
import type { FeedStore } from './feed-store.ts'
import type { WakeStore } from './wake-store.ts'

/** What a transaction did to a case. `told`: to be called once it is committed; whatever is not told then, a sweep tells. */
export interface Done {
  found: ModerationCase
  changed: boolean
  told(): void
}

export type CaseWork = ReturnType<typeof createCaseWork>

/** What every change of a case has in common: one row lock decides, and its place in the feed is the last thing it takes. */
export function createCaseWork(deps: {
  postgres: Postgres
  cases: CaseStore
  feed: FeedStore
  wakes: WakeStore
  delivery: DeliveryEngine
  topic: DurableTopic<CaseChanged>
  clock: Clock
  logger: Logger
}) {
  const { postgres, cases, feed, wakes, delivery, topic, clock, logger } = deps

  /** Wakes whoever follows the queue, on every node. */
  const wakeNow = (upTo: number, ...changed: CaseChanged[]) =>
    wakes.publish(changed.map((payload, i) => delivery.wakeUp(topic, queueKey, upTo - changed.length + 1 + i, payload)))

  function wake(upTo: number, changed: CaseChanged[]) {
    const failed = (error: unknown) => logger.debug('moderation: nobody is woken yet', describeError(error))
    wakeNow(upTo, ...changed).catch(failed)
  }

  /** Writes down what became of a case, in the transaction of that. */
  async function record(sql: Sql, was: ModerationCase | null, next: ModerationCase, changes: readonly CaseChange[]) {
    if (changes.length === 0) return { found: next, changed: false, told: () => undefined }
    if (was) await cases.update(sql, next)
    const seq = await feed.append(sql, next.id, changes)
    const nowMs = clock.now()
    const facts = { is: factsOf(next, nowMs), was: was && factsOf(was, nowMs) }
    const events = changes.map((change) => ({ caseId: next.id, change, ...facts }))
    return { found: next, changed: true, told: () => wake(seq, events) }
  }

  /** Locks a case. Refuses one that is not there with NOT_FOUND. */
  async function lock(sql: Sql, caseId: string): Promise<ModerationCase> {
    const current = isId(caseId) ? await cases.lock(sql, caseId) : undefined
    if (!current) throw new NotFoundError()
    return current
  }

  /** Takes a step with a case, in somebody's transaction. What a step is refused with is `refuse`'s to say. */
  async function step(
    sql: Sql,
    caseId: string,
    given: CaseStep,
    refuse: (refusal: Refusal, current: ModerationCase) => Error,
  ): Promise<Done> {
    const current = await lock(sql, caseId)
    const taken = take(current, given, clock.now())
    if (typeof taken === 'string') throw refuse(taken, current)
    return record(sql, current, taken.next, taken.changes)
  }

  return { lock, record, step, wakeNow, transaction: postgres.transaction }
}
