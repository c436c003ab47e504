import { z } from 'zod'
import type { Logger } from '../../platform/logger.ts'
import { type Level, levels, type TextLevels, textLabels } from './labels.ts'
import { createRemoteService } from './remote-service.ts'

/** Says what texts are. May be away: what it does not say is unknown, and stops nothing. */
export interface Classifier {
  /** Never fails, and answers within its time limit. */
  classify(texts: readonly string[]): Promise<TextLevels>
}

const timeLimitMs = 300
const level = z.enum(levels).optional()
const replySchema = z.object({
  labels: z.object(
    Object.fromEntries(textLabels.map((label) => [label, level])) as Record<(typeof textLabels)[number], typeof level>,
  ),
})

/** A service of the operator's own: it is sent `{"texts": […]}`, and answers `{"labels": {"harassment": "high"}}`. Without an answer every label is unknown. */
export function createRemoteClassifier(deps: { url: string; logger: Logger; timeMs?: number }): Classifier {
  const { url, logger, timeMs = timeLimitMs } = deps
  const service = createRemoteService({ name: 'the classifier', url, reply: replySchema, timeMs, logger })
  const unknown = Object.fromEntries(textLabels.map((label): [string, Level] => [label, 'unknown'])) as TextLevels
  return {
    async classify(texts) {
      const answer = await service.ask({ texts })
      return answer
        ? (Object.fromEntries(Object.entries(answer.labels).filter(([, each]) => each)) as TextLevels)
        : { ...unknown }
    },
  }
}
