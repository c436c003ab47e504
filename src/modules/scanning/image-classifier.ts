import { z } from 'zod'
import type { Logger } from '../../platform/logger.ts'
import type { ImageScores } from './image-labels.ts'
import type { ImageType } from './image-limits.ts'
import { createRemoteService } from './remote-service.ts'

export interface ClassifiedImage {
  type: ImageType
  bytes: Uint8Array
}

/** Says what is to be seen on an image. May be away: what it does not say is unknown, and stops nothing. */
export interface ImageClassifier {
  /** Never fails, and answers within its time limit. */
  classify(image: ClassifiedImage): Promise<ImageScores>
}

/** There is no model in this process: it knows nothing of any image. */
export const localImageClassifier: ImageClassifier = { classify: async () => ({}) }

const timeLimitMs = 5000
const score = z.number().min(0).max(1).optional()
const reply = z.object({ nsfw: score, gore: score })

/** A service of the operator's own: it is sent the image as the body, and answers `{"nsfw": 0.01, "gore": 0}`. */
export function createRemoteImageClassifier(deps: { url: string; logger: Logger; timeMs?: number }): ImageClassifier {
  const { url, logger, timeMs = timeLimitMs } = deps
  const service = createRemoteService({ name: 'the image classifier', url, reply, timeMs, logger })
  return {
    classify: async ({ type, bytes }) => (await service.send(`image/${type.toLowerCase()}`, Buffer.from(bytes))) ?? {},
  }
}
