import type { Clock } from '../../platform/clock.ts'
import type { Change, Changes } from './changes.ts'
import type { MessagePlace } from './rules.ts'
import type { Onlooker } from './sight.ts'

/** What pointers tell onlookers, read together before it is asked for one by one. */
export interface Foresight {
  /** Begins to read what a pointer will tell, unless that is under way. */
  expect(onlooker: Onlooker, pointer: MessagePlace): void
  /** Reads what pointers tell, at once; resolves when it is there. */
  expectAll(onlooker: Onlooker, pointers: readonly MessagePlace[]): Promise<void>
  /** What a pointer tells: what there was when it was expected, if that is a moment ago, or what there is now. */
  changeAt(onlooker: Onlooker, pointer: MessagePlace): Promise<Change>
}

/** What was read counts for so long, milliseconds. */
const freshForMs = 1000
const atOnce = 100

interface Expected {
  atMs: number
  change: Promise<Change | null>
}
interface Asked {
  pointer: MessagePlace
  resolve(change: Change | null): void
  reject(error: unknown): void
}

/** Events are executed one after the other: read one by one, a burst would take a round trip for each. */
export function createForesight({ changes, clock }: { changes: Pick<Changes, 'changesAt'>; clock: Clock }): Foresight {
  /** Every subscriber of a live event has the very same pointer. */
  const expected = new WeakMap<MessagePlace, Map<string, Expected>>()
  const asked = new Map<string, { onlooker: Onlooker; waiting: Asked[] }>()

  async function ask({ onlooker, waiting }: { onlooker: Onlooker; waiting: Asked[] }) {
    try {
      const found = await changes.changesAt(
        onlooker,
        waiting.map(({ pointer }) => pointer),
      )
      for (const [i, { resolve }] of waiting.entries()) resolve(found[i] ?? null)
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }

  function flush() {
    const groups = [...asked.values()]
    asked.clear()
    for (const { onlooker, waiting } of groups)
      for (let from = 0; from < waiting.length; from += atOnce)
        void ask({ onlooker, waiting: waiting.slice(from, from + atOnce) })
  }

  function read(onlooker: Onlooker, pointer: MessagePlace): Promise<Change | null> {
    return new Promise((resolve, reject) => {
      const group = asked.get(nameOf(onlooker)) ?? { onlooker, waiting: [] }
      if (asked.size === 0) setImmediate(flush)
      asked.set(nameOf(onlooker), group)
      group.waiting.push({ pointer, resolve, reject })
    })
  }

  function expectOne(onlooker: Onlooker, pointer: MessagePlace): Promise<Change | null> {
    const known = expected.get(pointer) ?? new Map<string, Expected>()
    expected.set(pointer, known)
    const one = known.get(nameOf(onlooker))
    if (one) return one.change
    const change = read(onlooker, pointer)
    change.catch(() => known.delete(nameOf(onlooker)))
    known.set(nameOf(onlooker), { atMs: clock.now(), change })
    return change
  }

  return {
    expect(onlooker, pointer) {
      expectOne(onlooker, pointer).catch(() => undefined)
    },
    async expectAll(onlooker, pointers) {
      await Promise.all(pointers.map((pointer) => expectOne(onlooker, pointer)))
    },
    async changeAt(onlooker, pointer) {
      const known = expected.get(pointer)?.get(nameOf(onlooker))
      const isFresh = known && clock.now() - known.atMs < freshForMs
      const change = await (isFresh ? known.change : read(onlooker, pointer))
      const { conversationId, seq } = pointer
      return change ?? { conversationId, seq, at: new Date(clock.now()), kind: 'withheld' }
    },
  }
}

const nameOf = (onlooker: Onlooker) =>
  'accountId' in onlooker ? `account ${onlooker.accountId}` : `audience ${onlooker.audience}`
