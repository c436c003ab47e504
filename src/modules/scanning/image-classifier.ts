import { z } from 'zod'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { ImageScores } from './image-labels.ts'
import type { ImageType } from './image-limits.ts'

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
const maxReplyBytes = 64 * 1024
const score = z.number().min(0).max(1).optional()
const replySchema = z.object({ nsfw: score, gore: score })

/** A service of the operator's own: it is sent the image as the body, and answers `{"nsfw": 0.01, "gore": 0}`. */
export function createRemoteImageClassifier(deps: { url: string; logger: Logger; timeMs?: number }): ImageClassifier {
  const { url, logger, timeMs = timeLimitMs } = deps
  return {
    async classify({ type, bytes }) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': `image/${type.toLowerCase()}`, accept: 'application/json' },
          body: Buffer.from(bytes),
          redirect: 'error',
          signal: AbortSignal.timeout(timeMs),
        })
        const text = await shortText(response)
        if (!response.ok) throw new Error(`the classifier answered ${response.status}`)
        return replySchema.parse(JSON.parse(text))
      } catch (error) {
        logger.warn('images: the classifier does not say', describeError(error))
        return {}
      }
    },
  }
}

/** Read as far as a reply may be long, whatever is sent. */
async function shortText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    parts.push(part)
    size += part.length
    if (size > maxReplyBytes) throw new Error('the classifier answered too much')
  }
  return Buffer.concat(parts).toString()
}
