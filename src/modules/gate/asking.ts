import type { Clock } from '../../platform/clock.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { PolicyService } from '../policies/index.ts'
import { type Classifier, mergedLevels, type TextScanner } from '../scanning/index.ts'
import type { Challenges } from './challenges.ts'
import { difficulty } from './challenges.ts'
import { ChallengeRequiredError, ContentRejectedError, RestrictedError } from './errors.ts'
import { judge, withoutLinks } from './judging.ts'
import type { Looking } from './looking.ts'
import type { Measures } from './measures.ts'
import { linkCoolOff } from './paces.ts'
import type { createPassing } from './passing.ts'
import { holdOf, type PersonState, restrictionsOn } from './state.ts'
import type { Trips } from './trips.ts'
import type { Gate, Write } from './writes.ts'

/** In this order: restrictions, shadow, how fast, links, content. */
export function createAsking(deps: {
  look: Looking
  trips: Trips
  measures: Measures
  challenges: Challenges
  pass: ReturnType<typeof createPassing>
  policies: PolicyService
  scanner: TextScanner
  /** Asked beside the scanner, if there is one. */
  classifier: Classifier | undefined
  clock: Clock
  logger: Logger
}): Gate['ask'] {
  const { look, trips, measures, challenges, pass, policies, scanner, classifier, clock, logger } = deps

  /** What holds there, unless it keeps the person from writing. */
  function unlessHeld(state: PersonState, { personId, surface }: Write, nowMs: number) {
    const active = restrictionsOn(state, surface, nowMs)
    const hold = holdOf(active, nowMs)
    if (!hold) return active
    const { id, kind, surface: where, explanation } = hold.restriction
    if (kind === 'CHALLENGE') throw new ChallengeRequiredError(challenges.make(personId, id, nowMs), difficulty)
    const { retryAfterMs } = hold
    throw new RestrictedError({ restriction: kind, surface: where, explanation, retryAfterMs })
  }

  async function coolOff(personId: string) {
    const failed = (error: unknown) => logger.warn('gate: a cool-off is not kept', describeError(error))
    await trips.tooManyDomains(personId).catch(failed)
  }

  function later(work: () => Promise<unknown>) {
    work().catch((error: unknown) => logger.warn('gate: somebody new is not held back', describeError(error)))
  }

  return async (write) => {
    const { personId, surface, texts } = write
    const scanned = scanner.scan(texts)
    const said = classifier?.classify(texts)
    const nowMs = clock.now()
    const looked = await look(write, scanned, nowMs)
    const { counts } = looked
    const state = counts.tripped ? await trips.tooFast(personId, surface, counts.tripped) : looked.state
    const active = unlessHeld(state, write, clock.now())
    const isNewLinker = counts.domains >= linkCoolOff.count
    if (isNewLinker) await coolOff(personId)

    const findings = said ? { ...scanned, labels: mergedLevels(scanned.labels, await said) } : scanned
    const judgement = judge(policies, { personId, surface, state, counts, findings }, nowMs)
    const { action, reasons, restrict } = judgement.decision
    const why = reasons[0] ?? ''
    const restrain = async () => restrict && measures.restrict(write, state, restrict, why)
    if (state.known) await restrain()
    const hides = action === 'HIDE' || action === 'SHADOW'
    // An invitation becomes nothing that staff could look at, and show again.
    if (action === 'REJECT' || (hides && surface === 'INVITE')) throw new ContentRejectedError(why)
    if (action === 'CHALLENGE' && state.known && state.answeredAtMs === null) {
      const id = await measures.challenge(write, state, why)
      throw new ChallengeRequiredError(challenges.make(personId, id, nowMs), difficulty)
    }

    const strips = isNewLinker || action === 'STRIP_LINKS' || active.some(({ kind }) => kind === 'STRIP_LINKS')
    const kept = strips ? withoutLinks(texts, findings.links) : texts
    if (kept.some((text, i) => text.trim() === '' && texts[i]?.trim() !== ''))
      throw new ContentRejectedError('Links are not possible for you at the moment: write something besides.')
    const decisionId = hides ? measures.idOf(write, 'decision') : null
    const shadow = active.find(({ kind }) => kind === 'SHADOW')
    const links = strips ? [] : findings.links
    const written = pass({ ...{ write, texts: kept, links, judgement, decisionId } })
    return {
      texts: kept,
      hiddenBy: decisionId ?? shadow?.id ?? null,
      written(subject) {
        written(subject)
        // Who is made by what they write can be held back only now.
        if (!state.known) later(restrain)
      },
    }
  }
}
