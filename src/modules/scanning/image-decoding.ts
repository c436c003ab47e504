import { z } from 'zod'
import type { ImageType } from './image-limits.ts'

/** What a decoder is asked, as it goes from process to process. */
export interface DecodeOrder {
  bytes: Uint8Array
  type: ImageType
  frames: number
}

/** The type of what a type is encoded to again: encoding AVIF takes longer than all the rest, and whoever shows it shows WebP. */
export const cleanTypes = {
  JPEG: 'JPEG',
  PNG: 'PNG',
  WEBP: 'WEBP',
  GIF: 'GIF',
  AVIF: 'WEBP',
} as const satisfies Record<ImageType, ImageType>

const decoded = z.object({
  /** As somebody sees it, turned the right way round. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** Of every frame. */
  hashes: z.array(z.string().regex(/^[0-9a-f]{16}$/)).min(1),
  clean: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
})

/** `MALFORMED`: it cannot be decoded; `UNKNOWN`: this process could not, for whatever reason of its own. */
export const decodeReply = z.union([decoded, z.enum(['MALFORMED', 'UNKNOWN'])])
export type Decoded = z.infer<typeof decoded>
export type DecodeReply = z.infer<typeof decodeReply>
