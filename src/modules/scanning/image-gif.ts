import { malformed } from './image-errors.ts'
import { type ImageHeader, maxFrames } from './image-limits.ts'

export const isGif = (bytes: Buffer) => /^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))

const tableSize = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0)

/** Walks from block to block and counts the pictures, as far as a few too many. A picture may reach over the edge of the screen. */
export function gifHeader(bytes: Buffer): ImageHeader {
  let [width, height, frames] = [bytes.readUInt16LE(6), bytes.readUInt16LE(8), 0]
  let at = 13 + tableSize(bytes.readUInt8(10))
  // Many lack the byte that says that they are over.
  while (at < bytes.length && frames <= maxFrames) {
    const kind = bytes.readUInt8(at)
    if (kind === 0x3b) break
    if (kind === 0x21) at = afterData(bytes, at + 2)
    else if (kind === 0x2c) {
      frames += 1
      width = Math.max(width, bytes.readUInt16LE(at + 1) + bytes.readUInt16LE(at + 5))
      height = Math.max(height, bytes.readUInt16LE(at + 3) + bytes.readUInt16LE(at + 7))
      at = afterData(bytes, at + 11 + tableSize(bytes.readUInt8(at + 9)))
    } else throw malformed()
  }
  return { type: 'GIF', width, height, frames }
}

/** Data comes in pieces of up to 255 bytes, until an empty one. */
function afterData(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const size = bytes[at]
    if (size === undefined) throw malformed()
    at += 1 + size
    if (size === 0) return at
  }
}
