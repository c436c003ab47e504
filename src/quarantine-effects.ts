import type { EnforcementService, NewDecision } from './modules/enforcement/index.ts'
import { DecisionRevertedError } from './modules/enforcement/index.ts'
import type { ModerationService } from './modules/moderation/index.ts'
import type { QuarantineEffects, QuarantineService, UrlFinding } from './modules/scanning/index.ts'
import { NotFoundError } from './platform/errors.ts'

const meanwhile = 'It is hidden until somebody has looked at it.'
const measures = {
  BLOCKED: { action: 'REMOVE', explanation: 'It is not allowed here and was removed.' },
  HIDDEN: { action: 'HIDE', explanation: 'It is not allowed here, and only you see it.' },
} as const

/** What quarantine leads to: measures on what is in it, and cases for what is grave. */
export function createQuarantineEffects(deps: {
  enforcement: Pick<EnforcementService, 'decide' | 'revert' | 'settle'>
  moderation: Pick<ModerationService, 'noticing'>
}): QuarantineEffects {
  const { enforcement, moderation } = deps
  const forAll: Pick<NewDecision, 'surface' | 'minutes'> = { surface: null, minutes: null }
  return {
    async onQuarantined(sql, { id, subject, ownerId }) {
      const what = { action: 'HIDE', reason: 'quarantine', explanation: meanwhile } as const
      await enforcement.decide(sql, { id, caseId: null, subject, ownerId, decidedBy: null, ...forAll, ...what })
    },

    async onDecided(sql, { item: { id, subject, ownerId }, decision, by, note, measureId, caseId }) {
      if (decision !== 'CLEAN') {
        const what = { reason: 'quarantine', ...measures[decision], note }
        await enforcement.decide(sql, { id: measureId, caseId, subject, ownerId, decidedBy: by, ...forAll, ...what })
      }
      try {
        await enforcement.revert(sql, id, { by, reason: `quarantine: ${decision}` })
      } catch (error) {
        // It was never hidden, or somebody has shown it before.
        if (!(error instanceof NotFoundError || error instanceof DecisionRevertedError)) throw error
      }
    },

    onGrave: ({ subject, ownerId }, severity) =>
      moderation.noticing({ subject, ownerId, severity, reasons: ['quarantine'], texts: [] }),
    settle: (measureId) => enforcement.settle(measureId),
  }
}

/** What a link leads to, once it is known: what is sure is hidden until somebody has looked, the rest is only put before somebody. */
export function createLinkEffects({ quarantine }: Pick<QuarantineService, 'quarantine'>) {
  return async ({ subject, ownerId, kind, locator, labels }: UrlFinding) => {
    const isSure = Object.values(labels).includes('high')
    await quarantine({ subject, ownerId, kind, locator, labels, state: isSure ? 'QUARANTINED' : 'NEEDS_REVIEW' })
  }
}
