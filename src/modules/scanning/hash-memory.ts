/** Hashes of 64 bits and whose they are, side by side in memory: looking at a hundred thousand takes less than a millisecond. */
export class HashMemory {
  private high = new Uint32Array(1024)
  private low = new Uint32Array(1024)
  private readonly ids: string[] = []
  private readonly places = new Map<string, number>()

  get size(): number {
    return this.ids.length
  }

  /** Adds one, or changes the hash of an id that is there. */
  set(id: string, hash: string): void {
    let at = this.places.get(id)
    if (at === undefined) {
      at = this.ids.push(id) - 1
      this.places.set(id, at)
      if (at === this.high.length) this.grow()
    }
    this.high[at] = Number.parseInt(hash.slice(0, 8), 16)
    this.low[at] = Number.parseInt(hash.slice(8), 16)
  }

  delete(id: string): void {
    const at = this.places.get(id)
    const last = this.ids.length - 1
    const lastId = this.ids[last]
    if (at === undefined || lastId === undefined) return
    this.ids[at] = lastId
    this.high[at] = this.high[last] ?? 0
    this.low[at] = this.low[last] ?? 0
    this.places.set(lastId, at)
    this.ids.pop()
    this.places.delete(id)
  }

  clear(): void {
    this.ids.length = 0
    this.places.clear()
  }

  /** The nearest within so many different bits. */
  nearest(hash: string, within: number): { id: string; distance: number } | undefined {
    const high = Number.parseInt(hash.slice(0, 8), 16)
    const low = Number.parseInt(hash.slice(8), 16)
    let [best, place] = [within + 1, -1]
    for (let at = 0; at < this.ids.length; at += 1) {
      const distance = bits((this.high[at] as number) ^ high) + bits((this.low[at] as number) ^ low)
      if (distance < best) [best, place] = [distance, at]
    }
    const id = this.ids[place]
    return id === undefined ? undefined : { id, distance: best }
  }

  private grow() {
    const [high, low] = [new Uint32Array(this.high.length * 2), new Uint32Array(this.low.length * 2)]
    high.set(this.high)
    low.set(this.low)
    this.high = high
    this.low = low
  }
}

/** How many bits of 32 are set. */
export function bits(word: number): number {
  let left = word - ((word >>> 1) & 0x55555555)
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333)
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
