import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { ImageRefusedError } from '../../src/modules/scanning/image-errors.ts'
import { readHeader } from '../../src/modules/scanning/image-header.ts'
import { checkLimits, maxFrames } from '../../src/modules/scanning/image-limits.ts'
import { runs } from '../kit/fuzz.ts'
import { black, gif, moving, picture, png } from '../kit/images.ts'

/** The fault of an image, if it is refused before it is decoded. */
function faultOf(bytes: Buffer): string | undefined {
  try {
    checkLimits(readHeader(bytes), bytes.length)
    return undefined
  } catch (error) {
    if (error instanceof ImageRefusedError) return error.fault
    throw error
  }
}

const at = (bytes: Buffer, place: number, value: Buffer) =>
  Buffer.concat([bytes.subarray(0, place), value, bytes.subarray(place + value.length)])
const be32 = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])

const images: Record<string, Buffer> = {}
beforeAll(async () => {
  const image = () => picture(1, 123, 45)
  images['JPEG'] = await image().jpeg().toBuffer()
  images['progressive JPEG'] = await image()
    .jpeg({ progressive: true })
    .withExif({ IFD0: { Artist: 'x' } })
    .toBuffer()
  images['PNG'] = await image().png().toBuffer()
  images['WebP'] = await image().webp().toBuffer()
  images['lossless WebP'] = await image().webp({ lossless: true }).toBuffer()
  images['WebP with a canvas'] = await image()
    .ensureAlpha(0.5)
    .webp()
    .withExif({ IFD0: { Artist: 'x' } })
    .toBuffer()
  images['GIF'] = await image().gif().toBuffer()
  images['AVIF'] = await image().avif({ effort: 0 }).toBuffer()
})

test('the size of every kind is read from its first bytes', () => {
  const sizes = Object.entries(images).map(([name, bytes]) => [name, readHeader(bytes)])
  const type = (name: string) => name.replace(/^.* (?=JPEG|WebP)| with.*$/, '').toUpperCase()
  const expected = Object.keys(images).map((name) => [name, { type: type(name), width: 123, height: 45, frames: 1 }])
  expect(sizes).toEqual(expected)
})

test('frames are counted', async () => {
  const animation = await moving(7)
  for (const bytes of [await animation.clone().gif().toBuffer(), await animation.clone().webp().toBuffer()])
    expect(readHeader(bytes)).toMatchObject({ width: 32, height: 24, frames: 7 })
  expect(readHeader(gif(3))).toMatchObject({ frames: 3 })
})

test('nothing else is an image', () => {
  const others = {
    SVG: '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    'SVG with a declaration': '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    HTML: '<!doctype html><img src=x onerror=alert(1)>',
    PDF: '%PDF-1.7',
    BMP: 'BM\x36\0\0\0\0\0\0\0',
    TIFF: 'II*\0\x08\0\0\0',
    HEIC: '\0\0\0\x18ftypheic\0\0\0\0mif1heic',
    'a film': '\0\0\0\x18ftypavis\0\0\0\0avifavis',
    zip: 'PK\x03\x04',
    gzip: '\x1f\x8b\x08',
    'a sound in RIFF': 'RIFF\x24\0\0\0WAVEfmt ',
    'too little': 'GIF',
    nothing: '',
  }
  for (const text of Object.values(others)) expect(faultOf(Buffer.from(text, 'latin1'))).toBe('TYPE')
  expect(faultOf(readFileSync(new URL(import.meta.url)))).toBe('TYPE')
})

test('what would cost too much is refused by what it says of itself', () => {
  expect(faultOf(png(50_000, 50_000, black(1, 1)))).toBe('SIDE')
  expect(faultOf(png(16_384, 16_384, black(1, 1)))).toBe('PIXELS')
  expect(faultOf(png(6000, 6000, Buffer.alloc(1_400_000)))).toBe('RATIO')
  expect(faultOf(png(0, 10, black(1, 1)))).toBe('MALFORMED')
  expect(faultOf(gif(100_000))).toBe('FRAMES')
  expect(faultOf(gif(maxFrames + 1))).toBe('FRAMES')
  expect(faultOf(gif(maxFrames))).toBeUndefined()
  expect(faultOf(gif(100, 1000, 1000))).toBe('PIXELS')
  expect(faultOf(gif(1, 65_535, 1))).toBe('SIDE')
  expect(faultOf(at(images['JPEG'] as Buffer, sizeOfJpeg(), Buffer.from([0xff, 0xff, 0xff, 0xff])))).toBe('SIDE')
})

function sizeOfJpeg() {
  return (images['JPEG'] as Buffer).indexOf(Buffer.from([0xff, 0xc0])) + 5
}

test('a screenshot of a white page is an image, however small its file is', () => {
  expect(faultOf(png(3840, 2160, Buffer.alloc(50_000)))).toBeUndefined()
  expect(faultOf(png(4000, 4000, Buffer.alloc(50_000)))).toBeUndefined()
})

test('what is larger than it says is as large as it is', async () => {
  // A picture that reaches over the screen of its GIF.
  const wide = Buffer.from(gif(1))
  wide.writeUInt16LE(60_000, 19 + 5)
  expect(readHeader(wide)).toMatchObject({ width: 60_000 })
  // A canvas of WebP that is smaller than the picture on it.
  const canvas = at(images['WebP with a canvas'] as Buffer, 24, Buffer.alloc(6))
  expect(readHeader(canvas)).toMatchObject({ width: 123, height: 45 })
  // Another size beside the one of the whole picture of an AVIF.
  const avif = images['AVIF'] as Buffer
  const place = avif.indexOf('ispe') + 8
  expect(readHeader(at(avif, place, be32(40_000)))).toMatchObject({ width: 40_000 })
})

test('what is cut off, or broken anywhere, is refused or read, and nothing else', () => {
  const names = fc.constantFrom(...Object.keys(images))
  const change = fc.record({ place: fc.nat(), value: fc.nat(255) })
  fc.assert(
    fc.property(names, fc.array(change, { maxLength: 8 }), fc.option(fc.nat()), (name, changes, length) => {
      const bytes = Buffer.from(images[name] as Buffer)
      // Where the sizes are, mostly.
      for (const { place, value } of changes) bytes[place % Math.min(bytes.length, 400)] = value
      faultOf(bytes.subarray(0, length === null ? bytes.length : length % bytes.length))
    }),
    runs(5000),
  )
})

test('boxes within boxes, empty boxes and blocks without an end take no time', () => {
  const started = performance.now()
  const size = 10 * 1024 * 1024
  const ftyp = Buffer.from('\0\0\0\x14ftypavif\0\0\0\0avif', 'latin1')
  const empty = Buffer.alloc(size, Buffer.from('\0\0\0\x08free', 'latin1'))
  expect(faultOf(Buffer.concat([ftyp, empty]))).toBe('MALFORMED')
  expect(faultOf(Buffer.concat([Buffer.from('ffd8', 'hex'), Buffer.alloc(size, 0xff)]))).toBe('MALFORMED')
  const notes = Buffer.alloc(size, Buffer.from('fffe0002', 'hex'))
  expect(faultOf(Buffer.concat([Buffer.from('ffd8', 'hex'), notes]))).toBe('MALFORMED')
  const pieces = Buffer.concat([gif(1).subarray(0, 19), Buffer.from('21fe', 'hex'), Buffer.alloc(size, 1)])
  expect(faultOf(pieces)).toBe('MALFORMED')
  expect(performance.now() - started).toBeLessThan(2000)
})
