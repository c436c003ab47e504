import { malformed } from './image-errors.ts'
import type { ImageHeader } from './image-limits.ts'

export const isJpeg = (bytes: Buffer) => bytes.length > 3 && bytes.readUIntBE(0, 3) === 0xffd8ff

/** Baseline, extended and progressive: what cameras and browsers write. */
const frames = new Set([0xc0, 0xc1, 0xc2])
const tablesAndNotes = (marker: number) =>
  marker === 0xc4 || marker === 0xdb || marker === 0xdd || marker === 0xfe || (marker >= 0xe0 && marker <= 0xef)

/** Far more than any camera writes. */
const maxSegments = 1000
const maxFill = 16

/** Looks at the segments before the picture, one by one: what is inside of one, such as a preview, does not count. */
export function jpegHeader(bytes: Buffer): ImageHeader {
  let at = 2
  for (let segments = 0; segments < maxSegments; segments += 1) {
    if (bytes.readUInt8(at) !== 0xff) throw malformed()
    for (let fill = 0; fill < maxFill && bytes.readUInt8(at) === 0xff; fill += 1) at += 1
    const marker = bytes.readUInt8(at)
    const length = bytes.readUInt16BE(at + 1)
    if (frames.has(marker)) {
      return { type: 'JPEG', height: bytes.readUInt16BE(at + 4), width: bytes.readUInt16BE(at + 6), frames: 1 }
    }
    if (length < 2 || !tablesAndNotes(marker)) throw malformed()
    at += 1 + length
  }
  throw malformed()
}
