import { Lru } from '../../platform/lru.ts'

interface Wanted<Value> {
  id: string
  value: Promise<Value>
  settle(value: Value): void
  fail(reason: unknown): void
}

/** People in one statement. */
const batch = 1000
/** Statements at once, so that a crowd of unknown people does not take every connection. */
const parallel = 2

/**
 * What this node remembers of people, and forgets when it changes. Who is asked for while a load is under way goes into the
 * next one, together. A value whose loading began before a change is handed to whoever asked before it, and not remembered.
 */
export class Memory<Value> {
  readonly #known: Lru<string, { value: Value }>
  readonly #load: (ids: string[]) => Promise<Map<string, Value>>
  readonly #trusted: () => boolean
  /** What was asked for since the last change, by person: whoever asks next may wait for the same. */
  readonly #current = new Map<string, Wanted<Value>>()
  #waiting: Wanted<Value>[] = []
  #running = 0

  constructor(limit: number, load: (ids: string[]) => Promise<Map<string, Value>>, trusted: () => boolean) {
    this.#known = new Lru(limit)
    this.#load = load
    this.#trusted = trusted
  }

  /** What is remembered, at once. */
  peek(id: string): Value | undefined {
    return this.#trusted() ? this.#known.get(id)?.value : undefined
  }

  /** Refuses with UNAVAILABLE what is not remembered while it cannot be loaded. */
  async get(ids: string[]): Promise<Map<string, Value>> {
    const found = new Map<string, Value>()
    const missing: Wanted<Value>[] = []
    for (const id of new Set(ids)) {
      const value = this.peek(id)
      if (value === undefined) missing.push(this.#want(id))
      else found.set(id, value)
    }
    const values = await Promise.all(missing.map(({ value }) => value))
    for (const [i, { id }] of missing.entries()) found.set(id, values[i] as Value)
    return found
  }

  forget(id: string): void {
    this.#known.delete(id)
    this.#current.delete(id)
  }

  clear(): void {
    this.#known.clear()
    this.#current.clear()
  }

  #want(id: string): Wanted<Value> {
    // Untrusted, a load that has begun may be too old as well.
    const known = this.#trusted() ? this.#current.get(id) : undefined
    if (known) return known
    let settle: Wanted<Value>['settle'] = () => undefined
    let fail: Wanted<Value>['fail'] = () => undefined
    const value = new Promise<Value>((resolve, reject) => {
      settle = resolve
      fail = reject
    })
    const wanted = { id, value, settle, fail }
    this.#current.set(id, wanted)
    this.#waiting.push(wanted)
    // What is asked for in the same breath goes into the same statement.
    if (this.#waiting.length === 1) queueMicrotask(() => void this.#run())
    return wanted
  }

  async #run(): Promise<void> {
    if (this.#running >= parallel) return
    this.#running += 1
    while (this.#waiting.length > 0) {
      const wanted = this.#waiting.splice(0, batch)
      try {
        const values = await this.#load([...new Set(wanted.map(({ id }) => id))])
        for (const each of wanted) this.#arrived(each, values.get(each.id))
      } catch (error) {
        for (const each of wanted) {
          if (this.#current.get(each.id) === each) this.#current.delete(each.id)
          each.fail(error)
        }
      }
    }
    this.#running -= 1
  }

  #arrived(wanted: Wanted<Value>, value: Value | undefined): void {
    const { id, settle, fail } = wanted
    if (this.#current.get(id) === wanted) {
      this.#current.delete(id)
      if (value !== undefined) this.#known.set(id, { value })
    }
    if (value === undefined) fail(new Error('a load left somebody out'))
    else settle(value)
  }
}
