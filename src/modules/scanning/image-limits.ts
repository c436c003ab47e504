import { ImageRefusedError } from './image-errors.ts'

export type ImageType = 'JPEG' | 'PNG' | 'WEBP' | 'GIF' | 'AVIF'

/** What an image says of itself before anything of it is decoded. */
export interface ImageHeader {
  type: ImageType
  width: number
  height: number
  /** As many as would be decoded. */
  frames: number
}

export const maxBytes = 10 * 1024 * 1024
/** A reader need not count further than one more. */
export const maxFrames = 300
const maxSide = 16_384
/** Of all frames together, since all of them are decoded: 160 MB at most. */
const maxPixels = 40_000_000
const bytesPerPixel = 4
const maxRatio = 100
/**
 * Up to here the ratio does not count: 16 million pixels, more than any screen shows, cost next to nothing, and a screenshot of a white
 * page is a three-hundredth of them. Larger ones come from cameras, and no photograph can be packed a hundred times smaller.
 */
const freeBytes = 64 * 1024 * 1024

/** Refuses what would cost too much to decode. */
export function checkLimits({ width, height, frames }: ImageHeader, bytes: number): void {
  const pixels = width * height * frames
  const decoded = pixels * bytesPerPixel
  if (frames > maxFrames) throw new ImageRefusedError('FRAMES')
  if (width > maxSide || height > maxSide) throw new ImageRefusedError('SIDE')
  if (pixels > maxPixels) throw new ImageRefusedError('PIXELS')
  if (decoded > freeBytes && decoded > bytes * maxRatio) throw new ImageRefusedError('RATIO')
}
