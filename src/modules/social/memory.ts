import { Lru } from '../../platform/lru.ts'

const nothing = Symbol('nothing')

/**
 * What this node remembers of people, loaded in batches and forgotten when it changes. A value whose loading began before a
 * change is handed to whoever asked, and not remembered.
 */
export class Memory<Value> {
  readonly #known: Lru<string, { value: Value }>
  readonly #load: (ids: string[]) => Promise<Map<string, Value>>
  readonly #mayRemember: () => boolean
  /** Being loaded now, by a token that a change takes away. */
  readonly #loading = new Map<string, symbol>()

  constructor(limit: number, load: (ids: string[]) => Promise<Map<string, Value>>, mayRemember: () => boolean) {
    this.#known = new Lru(limit)
    this.#load = load
    this.#mayRemember = mayRemember
  }

  /** What is remembered, at once. */
  peek(id: string): Value | undefined {
    return this.#mayRemember() ? this.#known.get(id)?.value : undefined
  }

  async get(ids: string[]): Promise<Map<string, Value>> {
    const found = new Map<string, Value>()
    const missing = new Set<string>()
    for (const id of ids) {
      const value = this.peek(id)
      if (value === undefined) missing.add(id)
      else found.set(id, value)
    }
    if (missing.size === 0) return found

    const token = Symbol('load')
    for (const id of missing) this.#loading.set(id, token)
    try {
      for (const [id, value] of await this.#load([...missing])) {
        found.set(id, value)
        if (this.#loading.get(id) === token && this.#mayRemember()) this.#known.set(id, { value })
      }
    } finally {
      for (const id of missing) if (this.#loading.get(id) === token) this.#loading.delete(id)
    }
    return found
  }

  forget(id: string): void {
    this.#known.delete(id)
    if (this.#loading.has(id)) this.#loading.set(id, nothing)
  }

  clear(): void {
    this.#known.clear()
    for (const id of this.#loading.keys()) this.#loading.set(id, nothing)
  }
}
