import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { createRemoteImageClassifier, localImageClassifier } from '../../src/modules/scanning/image-classifier.ts'
import { ImageRefusedError } from '../../src/modules/scanning/image-errors.ts'
import { labelsOf, verdictOf } from '../../src/modules/scanning/image-labels.ts'
import { createImagePool, type ImagePool } from '../../src/modules/scanning/image-pool.ts'
import { createImageScanner, type ImageFindings, type ImageScanner } from '../../src/modules/scanning/image-scanner.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'
import { black, chunk, gif, moving, picture, png } from '../kit/images.ts'

const silent = { error() {}, warn() {}, info() {}, debug() {} }
const unlisted = { nearest: async () => null }
const scannerOf = (pool: ImagePool) => createImageScanner({ pool, known: unlisted, classifier: localImageClassifier })

// One process decodes nearly everything here; whoever ends one has a pool of their own.
const pool = createImagePool({ timeMs: 20_000 })
const scanner = scannerOf(pool)
const pools = [pool]
const ownPool = (
  limits: Parameters<typeof createImagePool>[0],
): { own: ImagePool; scan: ImageScanner['scanImage'] } => {
  const own = createImagePool(limits)
  pools.push(own)
  return { own, scan: scannerOf(own).scanImage }
}
let server: Server | undefined
afterAll(async () => {
  await Promise.all(pools.map((each) => each.close()))
  server?.close()
})

const scan = (bytes: Uint8Array) => scanner.scanImage(bytes)
const faultOf = async (bytes: Uint8Array, by = scan): Promise<string | undefined> => {
  try {
    await by(bytes)
    return undefined
  } catch (error) {
    if (error instanceof ImageRefusedError) return error.fault
    throw error
  }
}
const cleanOf = ({ clean }: ImageFindings): Buffer => Buffer.from(clean?.bytes ?? [])
const distance = (one: string | null, other: string | null) =>
  (BigInt(`0x${one}`) ^ BigInt(`0x${other}`)).toString(2).replaceAll('0', '').length
const unknown = { nsfw: 'unknown', gore: 'unknown', known: 'unknown' }
const small = (seed = 1) => picture(seed, 64, 48).png().toBuffer()

test('every kind of image is seen, and comes back encoded anew', async () => {
  const image = () => picture(1, 120, 80)
  const given = {
    JPEG: await image().jpeg().toBuffer(),
    PNG: await image().png().toBuffer(),
    WEBP: await image().webp().toBuffer(),
    GIF: await image().gif().toBuffer(),
    AVIF: await image().avif({ effort: 0 }).toBuffer(),
  }
  const hashes = new Set<string | null>()
  for (const [type, bytes] of Object.entries(given)) {
    const found = await scan(bytes)
    expect(found).toMatchObject({ type, width: 120, height: 80, animated: false, verdict: 'ALLOWED', known: null })
    expect(found.labels).toEqual({ nsfw: 'unknown', gore: 'unknown' })
    const { format } = await sharp(cleanOf(found)).metadata()
    expect([format, found.clean?.type]).toEqual(type === 'AVIF' ? ['webp', 'WEBP'] : [type.toLowerCase(), type])
    hashes.add(found.hash)
  }
  for (const hash of hashes) expect(distance(hash, [...hashes][0] ?? null)).toBeLessThanOrEqual(6)
  expect(pool.pids()).toHaveLength(1)
})

test('an animation stays one, and every frame of it is looked at', async () => {
  const animation = await moving(5)
  const delay = [70, 70, 70, 70, 90]
  const looked: (readonly string[])[] = []
  const known = {
    nearest: async (hashes: readonly string[]) => {
      looked.push(hashes)
      return null
    },
  }
  const looking = createImageScanner({ pool, known, classifier: localImageClassifier })
  for (const bytes of [
    await animation.clone().gif({ delay, loop: 3 }).toBuffer(),
    await animation.clone().webp({ delay, loop: 3 }).toBuffer(),
  ]) {
    const found = await looking.scanImage(bytes)
    expect(found).toMatchObject({ width: 32, height: 24, animated: true })
    expect(await sharp(cleanOf(found)).metadata()).toMatchObject({ pages: 5, loop: 3, delay })
  }
  expect(looked.map((hashes) => new Set(hashes).size)).toEqual([5, 5])
})

test('where and with what it was taken is gone, and it stands upright', async () => {
  const exif = {
    IFD0: { Make: 'Camera of somebody' },
    IFD3: { GPSLatitude: '47/1 22/1 33/1', GPSLatitudeRef: 'N' },
  }
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><place>Home</place></x:xmpmeta>'
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const given = await picture(2, 120, 80)
      .withIccProfile('p3')
      .withMetadata({ orientation: 6 })
      .withExifMerge(exif)
      .withXmp(xmp)
      .toFormat(format)
      .toBuffer()
    expect(await sharp(given).metadata()).toMatchObject({
      orientation: 6,
      exif: expect.anything(),
      icc: expect.anything(),
    })
    const found = await scan(given)
    expect(found).toMatchObject({ width: 80, height: 120 })
    const left = await sharp(cleanOf(found)).metadata()
    expect(left).toMatchObject({ width: 80, height: 120 })
    for (const name of ['orientation', 'exif', 'icc', 'xmp', 'iptc'] as const) expect(left[name]).toBeUndefined()
    for (const word of ['Camera', 'Home', 'GPS', 'Exif']) expect(cleanOf(found).includes(word)).toBe(false)
  }
})

test('what else is in the file is gone: it is an image and nothing beside', async () => {
  const zip = Buffer.from('PK\x03\x04 evil.exe', 'latin1')
  const script = Buffer.from('<script>alert(1)</script>')
  const jpeg = await picture(3).jpeg().toBuffer()
  const note = Buffer.concat([Buffer.from([0xff, 0xfe, 0, script.length + 2]), script])
  for (const bytes of [
    Buffer.concat([jpeg, zip]),
    Buffer.concat([jpeg.subarray(0, 2), note, jpeg.subarray(2)]),
    Buffer.concat([await small(), zip]),
    png(2, 2, black(2, 2), chunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), script]))),
    Buffer.concat([gif(1), script]),
  ]) {
    const clean = cleanOf(await scan(bytes))
    expect(clean.length).toBeGreaterThan(0)
    for (const word of ['evil', 'script']) expect(clean.includes(word)).toBe(false)
  }
  expect(await faultOf(Buffer.from('GIF89a=1;alert(1)//'))).toBe('MALFORMED')
})

test('too large a file, 50,000 × 50,000 pixels and 100,000 frames are refused without decoding', async () => {
  const { own, scan } = ownPool({})
  expect(await faultOf(Buffer.alloc(10 * 1024 * 1024 + 1), scan)).toBe('BYTES')
  expect(await faultOf(png(50_000, 50_000, black(1, 1)), scan)).toBe('SIDE')
  expect(await faultOf(gif(100_000), scan)).toBe('FRAMES')
  expect(await faultOf(gzipSync(Buffer.alloc(1024 * 1024)), scan)).toBe('TYPE')
  expect(own.pids()).toEqual([])
})

test('what is cut off is refused, wherever it is cut', async () => {
  for (const format of ['jpeg', 'png', 'webp', 'gif', 'avif'] as const) {
    const whole = await picture(4, 200, 150).toFormat(format).toBuffer()
    for (const share of [0.1, 0.5, 0.9]) {
      expect(await faultOf(whole.subarray(0, Math.floor(whole.length * share)))).toBe('MALFORMED')
    }
  }
})

test('data that are more or less than a header says do no harm', async () => {
  const data = Buffer.alloc(100_000_000)
  const bomb = deflateSync(data, { level: 1 })
  const compressed = Buffer.concat([Buffer.from('name\0\0'), bomb])
  const international = Buffer.concat([Buffer.from('name\0\x01\0\0\0'), bomb])
  for (const bytes of [
    png(100, 100, bomb),
    png(100, 100, black(100, 100), chunk('iCCP', compressed)),
    png(100, 100, black(100, 100), chunk('zTXt', compressed)),
    png(100, 100, black(100, 100), chunk('iTXt', international)),
  ]) {
    const found = await scan(bytes).catch((error: unknown) => error)
    if (found instanceof ImageRefusedError) expect(found.fault).toBe('MALFORMED')
    else expect(cleanOf(found as ImageFindings).length).toBeLessThan(10_000)
  }
  expect(await faultOf(png(100, 100, black(10, 10)))).toBe('MALFORMED')
  // An AVIF that says it is smaller than what is in it.
  const avif = Buffer.from(await picture(5, 2000, 2000).avif({ effort: 0 }).toBuffer())
  avif.writeUInt32BE(10, avif.indexOf('ispe') + 8)
  avif.writeUInt32BE(10, avif.indexOf('ispe') + 12)
  const lying = await scan(avif).catch((error: unknown) => error)
  if (!(lying instanceof ImageRefusedError)) expect((lying as ImageFindings).width).toBeLessThanOrEqual(2000)
})

test('a copy has nearly the same hash, another picture has another', async () => {
  const hashOf = async (image: Promise<Buffer>) => (await scan(await image)).hash
  const originals: (string | null)[] = []
  for (let seed = 10; seed < 16; seed += 1) {
    const original = await hashOf(picture(seed).png().toBuffer())
    const copies = [
      picture(seed, 640, 480).jpeg({ quality: 40 }).toBuffer(),
      picture(seed, 80, 60).webp({ quality: 30 }).toBuffer(),
      picture(seed, 320, 200).jpeg().toBuffer(),
      picture(seed).gif({ colours: 32, effort: 1 }).toBuffer(),
      picture(seed).modulate({ brightness: 1.1 }).png().toBuffer(),
    ]
    for (const copy of copies) expect(distance(original, await hashOf(copy))).toBeLessThanOrEqual(10)
    for (const other of originals) expect(distance(original, other)).toBeGreaterThan(10)
    originals.push(original)
  }
})

test('a process that is killed at work costs one image, and the next one finds another', async () => {
  const { own, scan } = ownPool({})
  await scan(await small())
  const [pid] = own.pids()
  const large = await picture(8, 3000, 3000).png({ compressionLevel: 1 }).toBuffer()
  const next = await small()
  const [first, second] = [scan(large), scan(next)]
  // By then it was sent there; to decode it takes a hundred times as long.
  await new Promise((resolve) => setImmediate(resolve))
  process.kill(pid as number, 'SIGKILL')
  expect(await first).toMatchObject({
    type: 'PNG',
    width: 3000,
    hash: null,
    clean: null,
    verdict: 'ALLOWED',
    labels: unknown,
  })
  expect(await second).toMatchObject({ width: 64, hash: expect.any(String) })
  expect(own.pids()).toHaveLength(1)
  expect(own.pids()).not.toEqual([pid])
  await own.close()
})

test('what takes too long or too much memory is unknown, and its process is gone', async () => {
  const large = png(4000, 4000, black(4000, 4000))
  const { own: hasty, scan: scanHastily } = ownPool({ timeMs: 1 })
  expect(await scanHastily(large)).toMatchObject({ labels: unknown, clean: null, width: 4000 })
  expect(hasty.pids()).toEqual([])
  const { own: poor, scan: scanPoorly } = ownPool({ memoryBytes: 60 * 1024 * 1024 })
  expect(await scanPoorly(large)).toMatchObject({ labels: unknown, clean: null })
  await Promise.all([hasty.close(), poor.close()])
})

test('no more wait than may, and whoever waits at the end is told', async () => {
  const { own, scan } = ownPool({ waiting: 2 })
  const bytes = await small()
  const told = await Promise.all(Array.from({ length: 5 }, () => scan(bytes)))
  // One is at work, two wait, and two are too many.
  expect(told.map(({ hash }) => hash !== null)).toEqual([true, true, true, false, false])
  const last = [scan(bytes), scan(bytes)]
  const pids = own.pids()
  await own.close()
  expect((await Promise.all(last)).map(({ hash }) => hash)).toEqual([null, null])
  expect(await scan(bytes)).toMatchObject({ hash: null })
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

test('a process with nothing to do is ended', async () => {
  const { own, scan } = ownPool({ idleMs: 10 })
  await scan(await small())
  await eventually(
    () => own.pids().length,
    (left) => left === 0,
  )
})

test('a thousand broken images end nothing and hold nothing up', async () => {
  let state = 1
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const animation = await moving(3)
  const valid = await Promise.all([
    ...(['jpeg', 'png', 'webp', 'gif'] as const).map((format) => picture(6, 48, 36).toFormat(format).toBuffer()),
    picture(6, 48, 36).avif({ effort: 0 }).toBuffer(),
    ...(['webp', 'gif'] as const).map((format) => animation.clone().toFormat(format).toBuffer()),
  ])
  let lagMs = 0
  let lastMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    lagMs = Math.max(lagMs, nowMs - lastMs - 5)
    lastMs = nowMs
  }, 5)
  const outcomes = { seen: 0, unknown: 0, refused: 0 }
  for (let i = 0; i < rounds(1000); i += 1) {
    const bytes = Buffer.from(valid[i % valid.length] as Buffer)
    for (let changes = next(4); changes >= 0; changes -= 1) bytes[next(bytes.length)] = next(256)
    try {
      outcomes[(await scan(bytes)).hash === null ? 'unknown' : 'seen'] += 1
    } catch (error) {
      if (!(error instanceof ImageRefusedError)) throw error
      outcomes.refused += 1
    }
  }
  clearInterval(timer)
  expect(outcomes.seen).toBeGreaterThan(0)
  expect(outcomes.refused).toBeGreaterThan(0)
  expect(outcomes.unknown).toBeLessThan(rounds(1000) / 20)
  expect(lagMs).toBeLessThan(500)
  expect(await scan(await small())).toMatchObject({ hash: expect.any(String) })
}, 180_000)

test('labels come of scores by their thresholds, and what is unknown stops nothing', () => {
  const verdict = (nsfw?: number, gore?: number, known: boolean | null = false) =>
    verdictOf(labelsOf({ nsfw, gore }, known))
  expect(labelsOf({ nsfw: 0.1, gore: 0.1 }, false)).toEqual({})
  expect(labelsOf({}, null)).toEqual(unknown)
  expect([verdict(0.97, 0), verdict(0, 0.8), verdict(0.99, undefined)]).toEqual(Array(3).fill('QUARANTINED'))
  expect([verdict(0.85, 0), verdict(0.969, 0.79)]).toEqual(Array(2).fill('NEEDS_REVIEW'))
  expect([verdict(0.849, 0.79), verdict(), verdict(undefined, undefined, null)]).toEqual(Array(3).fill('ALLOWED'))
  expect([verdict(0, 0, true), verdict(1, 1, true)]).toEqual(Array(2).fill('BLOCKED'))
})

test('a classifier elsewhere is sent the clean copy; one that fails, lies or is late knows nothing', async () => {
  let reply: { status?: number; body: string; afterMs?: number } = { body: '{"nsfw":0.98,"gore":0.1}' }
  let received: Buffer | undefined
  server = createServer(async (req, res) => {
    const parts: Buffer[] = []
    for await (const part of req) parts.push(part as Buffer)
    received = Buffer.concat(parts)
    if (reply.afterMs !== undefined) return
    res.writeHead(reply.status ?? 200, reply.status === 302 ? { location: '/' } : {}).end(reply.body)
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const asking = (timeMs = 10_000) => {
    const classifier = createRemoteImageClassifier({ url, logger: silent, timeMs })
    return createImageScanner({ pool, known: unlisted, classifier })
  }
  const given = await picture(7)
    .withExif({ IFD0: { Make: 'Camera' } })
    .jpeg()
    .toBuffer()
  const found = await asking().scanImage(given)
  expect(found).toMatchObject({ verdict: 'QUARANTINED', labels: { nsfw: 'high' } })
  expect(received?.equals(cleanOf(found))).toBe(true)
  for (const bad of [
    { status: 500, body: '{"nsfw":1}' },
    { status: 302, body: '' },
    { body: 'no' },
    { body: '{"nsfw":2}' },
    { body: `{"nsfw":1,"more":"${'x'.repeat(100_000)}"}` },
    { body: '', afterMs: 1 },
  ]) {
    reply = bad
    expect(await asking('afterMs' in bad ? 100 : 10_000).scanImage(given)).toMatchObject({
      verdict: 'ALLOWED',
      labels: { nsfw: 'unknown', gore: 'unknown' },
    })
  }
  // One that goes on failing is left alone for a while.
  reply = { status: 500, body: '' }
  const tired = asking()
  for (let i = 0; i < 5; i += 1) await tired.scanImage(given)
  received = undefined
  expect(await tired.scanImage(given)).toMatchObject({ labels: { nsfw: 'unknown' } })
  expect(received).toBeUndefined()
  server.closeAllConnections()
})
