/** A value that changes: `subscribe` and `get` are what React's `useSyncExternalStore` takes. */
export interface Observable<T> {
  get(): T
  /** Calls `listener` after every change, not at once. Hand back: stops it. */
  subscribe(listener: (value: T) => void): () => void
}

export interface Writable<T> extends Observable<T> {
  set(value: T): void
}

export function createObservable<T>(initial: T): Writable<T> {
  let value = initial
  const listeners = new Set<(value: T) => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) if (listeners.has(listener)) listener(next)
    },
    subscribe(listener) {
      // A listener that is given twice is called twice, and stopped one at a time.
      const own = (next: T) => listener(next)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

/** Waits until the value is so. */
export function until<T>(observable: Observable<T>, isSo: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    if (isSo(observable.get())) return resolve(observable.get())
    const stop = observable.subscribe((value) => {
      if (!isSo(value)) return
      stop()
      resolve(value)
    })
  })
}
