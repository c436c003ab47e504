import { malformed } from './image-errors.ts'
import type { ImageHeader } from './image-limits.ts'

const signature = Buffer.from('89504e470d0a1a0a', 'hex')
const depths: Record<number, number[]> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] }

export const isPng = (bytes: Buffer) => bytes.subarray(0, signature.length).equals(signature)

/** Its first chunk. Of one that moves the first picture only is decoded and kept, so that it has one frame whatever it says. */
export function pngHeader(bytes: Buffer): ImageHeader {
  if (bytes.readUInt32BE(8) !== 13 || bytes.toString('latin1', 12, 16) !== 'IHDR') throw malformed()
  const [depth, colour] = [bytes.readUInt8(24), bytes.readUInt8(25)]
  if (!depths[colour]?.includes(depth)) throw malformed()
  return { type: 'PNG', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), frames: 1 }
}
