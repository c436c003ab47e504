import { createObservable, type Observable } from '../observable.ts'

export interface Live<T> extends Observable<T> {
  /** Reads it again, soon, if anybody looks. */
  refresh(): void
}

/**
 * A value that is read from the storage, and again after every change of what it is made of, as long as somebody looks. Changes
 * that come while it is being read are one more reading.
 */
export function createLive<T>(
  initial: T,
  read: () => Promise<T>,
  onWatch: { first(): void; last(): void; failed(reason: unknown): void },
): Live<T> {
  const value = createObservable(initial)
  let watchers = 0
  let busy = false
  let again = false

  const refresh = async () => {
    again = true
    if (busy) return
    busy = true
    while (again && watchers > 0) {
      again = false
      try {
        value.set(await read())
      } catch (reason) {
        onWatch.failed(reason)
      }
    }
    busy = false
  }

  return {
    get: value.get,
    refresh: () => void refresh(),
    subscribe(listener) {
      const stop = value.subscribe(listener)
      watchers += 1
      if (watchers === 1) onWatch.first()
      void refresh()
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        stop()
        watchers -= 1
        if (watchers === 0) onWatch.last()
      }
    },
  }
}
