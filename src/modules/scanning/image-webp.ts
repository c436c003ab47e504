import { malformed } from './image-errors.ts'
import { type ImageHeader, maxFrames } from './image-limits.ts'

const name = (bytes: Buffer, at: number) => bytes.toString('latin1', at, at + 4)

export const isWebp = (bytes: Buffer) => name(bytes, 0) === 'RIFF' && name(bytes, 8) === 'WEBP'

interface Size {
  width: number
  height: number
}

/** One picture alone, or a canvas (VP8X) with pictures on it: then the largest of all counts, whatever the canvas says. */
export function webpHeader(bytes: Buffer): ImageHeader {
  const end = 8 + bytes.readUInt32LE(4)
  if (end > bytes.length) throw malformed()
  let size: Size = { width: 0, height: 0 }
  let [stills, moving] = [0, 0]
  for (let at = 12; at + 8 <= end && moving <= maxFrames; ) {
    const length = bytes.readUInt32LE(at + 4)
    if (at + 8 + length > end) throw malformed()
    const found = sizeOf(bytes, name(bytes, at), at + 8)
    if (at === 12 && !found) throw malformed()
    if (found) size = { width: Math.max(size.width, found.width), height: Math.max(size.height, found.height) }
    if (name(bytes, at) === 'ANMF') moving += 1
    if (/^VP8[ L]$/.test(name(bytes, at))) stills += 1
    at += 8 + length + (length % 2)
  }
  return { type: 'WEBP', ...size, frames: Math.max(stills, moving) }
}

/** What a chunk says of a size, if it is of a kind that does. */
function sizeOf(bytes: Buffer, kind: string, at: number): Size | undefined {
  switch (kind) {
    case 'VP8X':
      return { width: bytes.readUIntLE(at + 4, 3) + 1, height: bytes.readUIntLE(at + 7, 3) + 1 }
    case 'ANMF':
      return {
        width: 2 * bytes.readUIntLE(at, 3) + bytes.readUIntLE(at + 6, 3) + 1,
        height: 2 * bytes.readUIntLE(at + 3, 3) + bytes.readUIntLE(at + 9, 3) + 1,
      }
    case 'VP8 ':
      if (bytes.readUIntBE(at + 3, 3) !== 0x9d012a) throw malformed()
      return { width: bytes.readUInt16LE(at + 6) & 0x3fff, height: bytes.readUInt16LE(at + 8) & 0x3fff }
    case 'VP8L': {
      if (bytes.readUInt8(at) !== 0x2f) throw malformed()
      const bits = bytes.readUInt32LE(at + 1)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    default:
      return undefined
  }
}
