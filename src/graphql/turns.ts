/** So many selections may be waiting for their resolvers at once before the next one waits for its turn. */
const atOnce = 32

/** Something that begins to work when it is its turn, and says when it has ended. */
export interface Worker {
  work(): void
}

/**
 * A thousand executions that are begun in one go are all alive at once, and cost the garbage collector more than they cost
 * themselves. So a few are begun, and the others as those end; one that takes long holds up nobody for longer than a turn of
 * the event loop.
 */
export class Turns {
  #running = 0
  #waiting: Worker[] = []
  #next = 0
  #backstop: NodeJS.Immediate | undefined

  /** Whether it is anybody's turn at once. */
  get free(): boolean {
    return this.#running < atOnce && this.#next === this.#waiting.length
  }

  wait(worker: Worker): void {
    this.#waiting.push(worker)
    this.#backstop ??= setImmediate(() => {
      this.#backstop = undefined
      this.#begin(atOnce)
    })
  }

  begun(): void {
    this.#running += 1
  }

  ended(): void {
    this.#running -= 1
    this.#begin(atOnce - this.#running)
  }

  #begin(most: number): void {
    for (let i = 0; i < most && this.#next < this.#waiting.length; i += 1) {
      const worker = this.#waiting[this.#next]
      this.#next += 1
      worker?.work()
    }
    if (this.#next < this.#waiting.length) {
      this.#backstop ??= setImmediate(() => {
        this.#backstop = undefined
        this.#begin(atOnce)
      })
    } else if (this.#next > 0) {
      this.#waiting = []
      this.#next = 0
    }
  }
}
