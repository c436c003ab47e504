import sharp, { type Sharp } from 'sharp'
import type { Decoded, DecodeOrder, DecodeReply } from './image-decoding.ts'

// A process of its own, for images of anybody: it has no secrets and no connections, and may be killed at any moment.
sharp.cache(false)
// The cores are for those who wait for an answer.
sharp.concurrency(1)

const [hashWidth, hashHeight] = [9, 8]
/** Of the clean copy: nobody looks at more, and the time to encode it is bounded. */
const maxCleanSide = 4096
const watchEveryMs = 50

const die = () => process.kill(process.pid, 'SIGKILL')
process.on('disconnect', die)
// Where the system has no limit for it, the process keeps its own.
const limitBytes = Number(process.argv[2])
setInterval(() => process.memoryUsage.rss() > limitBytes && die(), watchEveryMs).unref()

process.on('message', async (order: DecodeOrder) => {
  process.send?.(await reply(order))
})
process.send?.('ready')

async function reply(order: DecodeOrder): Promise<DecodeReply> {
  try {
    return await (order.frames > 1 ? moving(order) : still(order))
  } catch (error) {
    // Of an image that needs more than there is nobody can say whether it is a good one.
    return /memory|alloc/i.test(String(error)) ? 'UNKNOWN' : 'MALFORMED'
  }
}

/** Decoded once; everything else is made of the pixels. Nothing that was in the file beside them is kept. */
async function still({ bytes, type }: DecodeOrder): Promise<Decoded> {
  const { data, info } = await sharp(bytes, { failOn: 'error' })
    .autoOrient()
    .resize(maxCleanSide, maxCleanSide, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const pixels = () => sharp(data, { raw: { width, height, channels } })
  return { width, height, hashes: await hashesOf(pixels()), clean: await encoded(pixels(), type) }
}

async function moving({ bytes, type }: DecodeOrder): Promise<Decoded> {
  const frames = () => sharp(bytes, { failOn: 'error', animated: true })
  const { width, pageHeight, height } = await frames().metadata()
  return {
    ...{ width, height: pageHeight ?? height },
    hashes: await hashesOf(frames()),
    clean: await encoded(frames().toColourspace('srgb'), type),
  }
}

function encoded(image: Sharp, type: DecodeOrder['type']): Promise<Buffer> {
  switch (type) {
    case 'JPEG':
      return image.jpeg({ quality: 85 }).toBuffer()
    case 'PNG':
      return image.png().toBuffer()
    case 'GIF':
      return image.gif({ effort: 1 }).toBuffer()
    default:
      return image.webp({ quality: 80, effort: 2 }).toBuffer()
  }
}

/** dHash: for each of 64 places, whether it gets brighter to the right. The same for the same picture, however it was scaled or packed. */
async function hashesOf(image: Sharp): Promise<string[]> {
  const grey = await image
    .flatten({ background: 'white' })
    .greyscale()
    .resize(hashWidth, hashHeight, { fit: 'fill' })
    .raw({ depth: 'uchar' })
    .toBuffer()
  const hashes: string[] = []
  const size = hashWidth * hashHeight
  for (let at = 0; at + size <= grey.length; at += size) hashes.push(hashOf(grey.subarray(at, at + size)))
  return hashes
}

function hashOf(grey: Buffer): string {
  let bits = 0n
  for (let row = 0; row < hashHeight; row += 1) {
    for (let column = 0; column + 1 < hashWidth; column += 1) {
      const at = row * hashWidth + column
      bits = (bits << 1n) | ((grey[at] ?? 0) < (grey[at + 1] ?? 0) ? 1n : 0n)
    }
  }
  return bits.toString(16).padStart(16, '0')
}
