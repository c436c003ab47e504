// Invariant: nothing that is sent here is decoded before its size is known, nor in this process, and nothing it does ends this process.
import type { KnownImage, KnownImages } from './hash-list.ts'
import type { ImageClassifier } from './image-classifier.ts'
import { cleanTypes } from './image-decoding.ts'
import { ImageRefusedError } from './image-errors.ts'
import { readHeader } from './image-header.ts'
import { type ImageVerdict, labelsOf, verdictOf } from './image-labels.ts'
import { checkLimits, type ImageType, maxBytes } from './image-limits.ts'
import type { ImagePool } from './image-pool.ts'
import type { ImageLevels } from './labels.ts'

export interface ImageFindings {
  type: ImageType
  /** As it is shown, after its orientation; as its header says where it could not be decoded. */
  width: number
  height: number
  animated: boolean
  /** dHash of its first frame, 16 hexadecimal digits. Null: it could not be decoded. */
  hash: string | null
  labels: ImageLevels
  /** What to do about the labels. What is unknown stops nothing. */
  verdict: ImageVerdict
  /** The listed hash that is nearest, if one is near. */
  known: KnownImage | null
  /**
   * The same image encoded anew, upright and with nothing beside its pixels: no place, no camera, no colour profile. To be shown instead
   * of what was sent. Null: it could not be decoded now; what was sent is never shown.
   */
  clean: { type: ImageType; bytes: Uint8Array } | null
}

export interface ImageScanner {
  /**
   * Looks at an image. Refuses with ImageRefusedError what is not an image, or too large to be decoded, or damaged. Repeating it is safe:
   * nothing is kept.
   */
  scanImage(bytes: Uint8Array): Promise<ImageFindings>
  /** Resolves when nothing of it runs any more. */
  close(): Promise<void>
}

export function createImageScanner(deps: {
  pool: ImagePool
  known: KnownImages
  classifier: ImageClassifier
}): ImageScanner {
  const { pool, known, classifier } = deps
  return {
    async scanImage(given) {
      if (given.length > maxBytes) throw new ImageRefusedError('BYTES')
      const bytes = Buffer.from(given.buffer, given.byteOffset, given.length)
      const header = readHeader(bytes)
      checkLimits(header, bytes.length)
      const { type, frames } = header
      const decoded = await pool.decode({ bytes, type, frames })
      if (decoded === 'MALFORMED') throw new ImageRefusedError('MALFORMED')
      if (decoded === 'UNKNOWN') return { ...facts(header), ...judged(labelsOf({}, null)), ...nothing }
      const clean = { type: cleanTypes[type], bytes: decoded.clean }
      const [match, scores] = await Promise.all([known.nearest(decoded.hashes), classifier.classify(clean)])
      return {
        ...facts({ ...header, width: decoded.width, height: decoded.height }),
        ...judged(labelsOf(scores, match === 'UNKNOWN' ? null : match !== null)),
        hash: decoded.hashes[0] ?? null,
        known: match === 'UNKNOWN' ? null : match,
        clean,
      }
    },
    close: pool.close,
  }
}

const nothing = { hash: null, known: null, clean: null }
const judged = (labels: ImageLevels) => ({ labels, verdict: verdictOf(labels) })
const facts = (header: { type: ImageType; width: number; height: number; frames: number }) => {
  const { type, width, height, frames } = header
  return { type, width, height, animated: frames > 1 }
}
