import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

/** A picture with large shapes in it, as photographs have; the same seed, the same picture. */
export function picture(seed: number, width = 320, height = 240): Sharp {
  let state = seed >>> 0
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  }
  const small = Buffer.from(Array.from({ length: 7 * 5 * 3 }, next))
  const raw = { width: 7, height: 5, channels: 3 } as const
  // A pipeline of its own, since sharp resizes once in each.
  return sharp(small, { raw }).resize(width, height, { fit: 'fill', kernel: 'cubic' })
}

export async function moving(frames: number, width = 32, height = 24): Promise<Sharp> {
  const pictures = Array.from({ length: frames }, (_, i) =>
    picture(i + 1, width, height)
      .png()
      .toBuffer(),
  )
  return sharp(await Promise.all(pictures), { join: { animated: true } })
}

export function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}

export const pngSignature = Buffer.from('89504e470d0a1a0a', 'hex')
const end = chunk('IEND', Buffer.alloc(0))

/** A PNG that says of itself what it is told to, whatever its data are. */
export function png(width: number, height: number, data: Buffer, ...notes: Buffer[]): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  return Buffer.concat([pngSignature, chunk('IHDR', header), ...notes, chunk('IDAT', data), end])
}

/** The pixels of a black PNG. */
export const black = (width: number, height: number) => deflateSync(Buffer.alloc((width * 3 + 1) * height))

/** A GIF of so many frames of one pixel on a screen of a size. */
export function gif(frames: number, width = 1, height = 1): Buffer {
  const screen = Buffer.from('4749463839610000000080000000000ffffff'.padEnd(38, '0'), 'hex')
  screen.writeUInt16LE(width, 6)
  screen.writeUInt16LE(height, 8)
  const frame = Buffer.from('2c00000000010001000002024401 00'.replace(' ', ''), 'hex')
  return Buffer.concat([screen, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])])
}
