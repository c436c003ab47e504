import { avifHeader, isAvif } from './image-avif.ts'
import { ImageRefusedError, malformed } from './image-errors.ts'
import { gifHeader, isGif } from './image-gif.ts'
import { isJpeg, jpegHeader } from './image-jpeg.ts'
import type { ImageHeader } from './image-limits.ts'
import { isPng, pngHeader } from './image-png.ts'
import { isWebp, webpHeader } from './image-webp.ts'

const formats: [is: (bytes: Buffer) => boolean, read: (bytes: Buffer) => ImageHeader][] = [
  [isJpeg, jpegHeader],
  [isPng, pngHeader],
  [isWebp, webpHeader],
  [isGif, gifHeader],
  [isAvif, avifHeader],
]

/** What an image says of itself, by its first bytes and not by its name. Refuses every other kind, and what is not put together well. */
export function readHeader(bytes: Buffer): ImageHeader {
  const read = formats.find(([is]) => is(bytes))?.[1]
  if (!read) throw new ImageRefusedError('TYPE')
  const header = within(() => read(bytes))
  if (header.width < 1 || header.height < 1 || header.frames < 1) throw malformed()
  return header
}

/** A place beyond the end of what there is: Node refuses to read it. */
function within<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'ERR_OUT_OF_RANGE' || code === 'ERR_BUFFER_OUT_OF_BOUNDS' ? malformed() : error
  }
}
