// Small enough to insert in, large enough that a hundred thousand keys are a few hundred of them.
const chunkSize = 512

/** Keys in their order, in chunks, so that adding one among many stays cheap. */
export class SortedKeys {
  private readonly chunks: string[][] = [[]]

  add(key: string): void {
    const at = this.chunkOf(key)
    const chunk = this.chunks[at] as string[]
    const index = lowerBound(chunk, key)
    if (chunk[index] === key) return
    chunk.splice(index, 0, key)
    if (chunk.length > chunkSize) this.chunks.splice(at + 1, 0, chunk.splice(chunkSize / 2))
  }

  delete(key: string): void {
    const at = this.chunkOf(key)
    const chunk = this.chunks[at] as string[]
    const index = lowerBound(chunk, key)
    if (chunk[index] !== key) return
    chunk.splice(index, 1)
    if (chunk.length === 0 && this.chunks.length > 1) this.chunks.splice(at, 1)
  }

  /** From `from` (included) upwards. */
  *upwards(from: string): Generator<string> {
    for (let at = this.chunkOf(from); at < this.chunks.length; at++) {
      const chunk = this.chunks[at] as string[]
      for (let index = lowerBound(chunk, from); index < chunk.length; index++) yield chunk[index] as string
    }
  }

  /** From `to` (not included) downwards. */
  *downwards(to: string): Generator<string> {
    for (let at = this.chunkOf(to); at >= 0; at--) {
      const chunk = this.chunks[at] as string[]
      for (let index = lowerBound(chunk, to) - 1; index >= 0; index--) yield chunk[index] as string
    }
  }

  /** The last chunk that begins at or before the key. */
  private chunkOf(key: string): number {
    let [low, high] = [0, this.chunks.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.chunks[middle]?.[0] ?? '') <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Where the first key is that is not less. */
function lowerBound(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
