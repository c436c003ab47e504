import type { Clock } from '../../platform/clock.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { RestrictionKind, Surface } from '../gate/index.ts'
import type { DecisionStore } from './decision-store.ts'
import type { Decision } from './decisions.ts'
import { type Counted, demanded, effectsOf } from './effects.ts'
import { statusOf } from './status-of.ts'
import type { ContentState, SubjectKind, SubjectName, SubjectSources } from './subjects.ts'
import type { Telling } from './telling.ts'

/** The ledger of restrictions, as far as decisions need it. */
export interface RestrictionLedger {
  impose(
    sql: Sql,
    restriction: {
      id: string
      personId: string
      kind: RestrictionKind
      surface: Surface | null
      minutes: number | null
      reason: string
      explanation: string
      authorId: string | null
      decisionId: string
    },
  ): Promise<unknown>
  revoke(sql: Sql, revoked: { decisionId: string; by: string | null }): Promise<unknown>
}

/** What counts for and against people. */
export interface StandingLedger {
  note(
    sql: Sql,
    event: { personId: string; kind: StandingChange; surface: Surface | null; cause: string },
  ): Promise<unknown>
}
type StandingChange = Counted | `${Counted}_undone`

export interface Applying {
  /**
   * Brings about what a decision demands, or undoes it, and answers when that is done. Each effect is there once, however often it is
   * called, in however many processes, and wherever one of them is killed. `wait` false: not now, if another of the same subject is under way.
   */
  settle(decisionId: string, wait?: boolean): Promise<void>
  /** Shows whatever of a person is hidden by a decision or a restriction. Repeating it is safe. */
  reveal(ownerId: string, by: string): Promise<void>
}

/** Surfaces on which things of each kind are written. */
const surfaceOf: Record<SubjectKind, Surface | null> = {
  MESSAGE: 'MESSAGE',
  ACTIVITY: 'ACTIVITY',
  ACTIVITY_MESSAGE: 'ACTIVITY_MESSAGE',
  ACCOUNT: 'PROFILE',
  DEVICE: null,
  VENUE: 'VENUE',
  EVENT: 'EVENT',
}

/** Each holds a connection while its subject's module uses another: more at once would take all of them. */
const atOnce = 2
const attempts = 5

/** It was undone while its effects were on their way: all of them are taken back, and it begins anew. */
class OvertakenError extends Error {}

export function createApplying(deps: {
  postgres: Pick<Postgres, 'transaction'>
  store: DecisionStore
  sources: () => SubjectSources
  restrictions: RestrictionLedger
  standings: StandingLedger
  /** Makes what was committed of a person hold at once. */
  refresh(personId: string): Promise<unknown>
  telling: Pick<Telling, 'tell' | 'wake'>
  clock: Clock
  logger: Logger
}): Applying {
  const { postgres, store, restrictions, standings, telling, clock, logger } = deps
  const waiting: (() => void)[] = []
  let working = 0

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (working >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else working += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else working -= 1
    }
  }

  /** Shows a subject as all decisions that stand demand it, whatever it was before. */
  async function show(
    tx: Sql,
    subject: SubjectName,
    standing: readonly Decision[],
    because: string,
  ): Promise<ContentState> {
    const source = deps.sources()[subject.kind]
    const wanted = demanded(standing) ?? (await hiddenFromTheStart(tx, subject))
    await source.setState(subject.id, wanted?.state ?? 'VISIBLE', wanted?.by ?? because)
    return wanted?.state ?? 'VISIBLE'
  }

  /** What somebody wrote while they were shadowed stays hidden when nothing else demands it. */
  async function hiddenFromTheStart(tx: Sql, { kind, id }: SubjectName) {
    const surface = surfaceOf[kind]
    const facts = surface && (await deps.sources()[kind].facts(id))
    // A profile has no moment at which it was written.
    if (!surface || !facts?.ownerId || kind === 'ACCOUNT') return null
    const by = await store.shadowOver(tx, facts.ownerId, surface, facts.createdAt)
    return by === undefined ? null : { state: 'HIDDEN' as const, by }
  }

  const note = (tx: Sql, { surface, subject }: Decision, personId: string, kind: StandingChange, cause: string) =>
    standings.note(tx, { personId, kind, surface: surface ?? surfaceOf[subject.kind], cause })

  async function apply(tx: Sql, decision: Decision): Promise<void> {
    const { id, subject, ownerId } = decision
    const effects = effectsOf(subject.kind, decision)
    if (effects.content) await show(tx, subject, await store.standing(tx, subject), id)
    const at = new Date(clock.now())
    if (!(await store.applied(tx, id, at))) throw new OvertakenError()
    if (ownerId === null) return
    const { reason, explanation, decidedBy: authorId } = decision
    const { restriction } = effects
    // The restriction goes by the decision's name: so does all that it hides.
    if (restriction)
      await restrictions.impose(tx, {
        id,
        personId: ownerId,
        ...restriction,
        reason,
        explanation,
        authorId,
        decisionId: id,
      })
    if (effects.counts) await note(tx, decision, ownerId, effects.counts, `decision:${id}`)
    if (effects.told) await telling.tell(tx, ownerId, statusOf({ ...decision, appliedAt: at }, false))
  }

  async function undo(tx: Sql, decision: Decision): Promise<void> {
    const { id, subject, ownerId } = decision
    const effects = effectsOf(subject.kind, decision)
    if (effects.content) await show(tx, subject, await store.standing(tx, subject), id)
    if (ownerId !== null && (effects.content || effects.restriction?.kind === 'SHADOW')) {
      await reveal(ownerId, id)
      // What this one had hidden may be hidden by another one as well.
      if (effects.content) await show(tx, subject, await store.standing(tx, subject), id)
    }
    if (!(await store.reverted(tx, id, new Date(clock.now())))) throw new OvertakenError()
    if (ownerId === null || decision.appliedAt === null) return
    if (effects.counts) await note(tx, decision, ownerId, `${effects.counts}_undone`, `decision-reverted:${id}`)
    if (effects.told) await telling.tell(tx, ownerId, statusOf(decision, true))
  }

  async function reveal(ownerId: string, id: string) {
    for (const source of new Set(Object.values(deps.sources()))) await source.reveal(ownerId, id)
  }

  /** Nothing more is hidden by a restriction that is being undone before what it hid is shown again. */
  async function lift(decision: Decision) {
    const { id, ownerId, revertedBy: by } = decision
    if (ownerId === null || !effectsOf(decision.subject.kind, decision).restriction) return
    await postgres.transaction((tx) => restrictions.revoke(tx, { decisionId: id, by }))
    await deps.refresh(ownerId)
  }

  async function settleOnce(decisionId: string, wait: boolean): Promise<void> {
    const known = await store.decision(decisionId)
    if (!known || known.state === 'APPLIED') return
    if (known.state === 'REVERTED') return after(known)
    if (known.state === 'REVERTING') await lift(known)
    const done = await postgres.transaction(async (tx) => {
      if (!(await store.lockSubject(tx, known.subject, wait))) return undefined
      const decision = await store.decisionIn(tx, decisionId)
      if (decision?.state === 'PENDING') await apply(tx, decision)
      else if (decision?.state === 'REVERTING' && known.state === 'REVERTING') await undo(tx, decision)
      else if (decision?.state === 'REVERTING') throw new OvertakenError()
      return decision
    })
    if (!done) return
    await after(done)
  }

  async function after({ id, state, ownerId, subject, ...measure }: Decision) {
    if (ownerId === null) return
    const { restriction, told, counts } = effectsOf(subject.kind, measure)
    const changed = state === 'PENDING' || state === 'REVERTING'
    if (changed && (restriction || counts)) await deps.refresh(ownerId)
    // Who asked the gate before the restriction was lifted may have written since.
    if ((state === 'REVERTING' || state === 'REVERTED') && restriction?.kind === 'SHADOW') await reveal(ownerId, id)
    if (told && changed) telling.wake(ownerId)
  }

  return {
    reveal,
    settle: (decisionId, wait = true) =>
      inTurn(async () => {
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await settleOnce(decisionId, wait)
          } catch (error) {
            if (!(error instanceof OvertakenError) || attempt >= attempts) throw error
            logger.debug('enforcement: a decision was overtaken', describeError(error))
          }
        }
      }),
  }
}
