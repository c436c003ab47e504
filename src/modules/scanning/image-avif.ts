import { malformed } from './image-errors.ts'
import type { ImageHeader } from './image-limits.ts'

const name = (bytes: Buffer, at: number) => bytes.toString('latin1', at, at + 4)

/** A still one: those that move (`avis`) are another kind, as are the HEIC files of some cameras. */
export function isAvif(bytes: Buffer): boolean {
  if (bytes.length < 16 || name(bytes, 4) !== 'ftyp') return false
  const end = Math.min(bytes.readUInt32BE(0), bytes.length)
  const brands = [name(bytes, 8)]
  for (let at = 16; at + 4 <= end; at += 4) brands.push(name(bytes, at))
  return brands[0] !== 'avis' && brands.includes('avif')
}

/** The largest of what its pictures say, in `meta/iprp/ipco/ispe`: those that others are put together from count as well. */
export function avifHeader(bytes: Buffer): ImageHeader {
  const meta = boxes(bytes, 0, bytes.length).find(({ kind }) => kind === 'meta')
  if (!meta) throw malformed()
  // `meta` and `ispe` begin with four bytes of version and flags.
  const properties = inside(bytes, inside(bytes, [{ ...meta, from: meta.from + 4 }], 'iprp'), 'ipco')
  const sizes = inside(bytes, properties, 'ispe')
  const largest = (at: number) => Math.max(0, ...sizes.map(({ from }) => bytes.readUInt32BE(from + at)))
  return { type: 'AVIF', width: largest(4), height: largest(8), frames: 1 }
}

/** Far more than any picture has in one place. */
const maxBoxes = 1000

interface Box {
  kind: string
  from: number
  end: number
}

const inside = (bytes: Buffer, parents: Box[], kind: string): Box[] =>
  parents.flatMap(({ from, end }) => boxes(bytes, from, end)).filter((box) => box.kind === kind)

function boxes(bytes: Buffer, from: number, end: number): Box[] {
  const found: Box[] = []
  for (let at = from; at < end; ) {
    if (found.length === maxBoxes) throw malformed()
    const size = bytes.readUInt32BE(at)
    // 0: to the end of the file; 1: a size of 64 bits follows, which nothing of ten megabytes needs.
    const next = size === 0 ? end : at + size
    if (next < at + 8 || next > end) throw malformed()
    found.push({ kind: name(bytes, at + 4), from: at + 8, end: next })
    at = next
  }
  return found
}
