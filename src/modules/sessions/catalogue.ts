import type { Clock } from '../../platform/clock.ts'
import { type DayKey, dayOf, newDayKey, tagCatalogue } from './interests.ts'
import type { SessionStore } from './store.ts'

const reloadAfterMs = 5 * 60 * 1000

export interface Catalogue {
  /** The category of every interest. */
  categories(): Promise<Map<string, string>>
  /** The keys of the days from `fromMs` to `untilMs`, with the tags of the whole catalogue under each. */
  keys(fromMs: number, untilMs: number): Promise<DayKey[]>
  /** The interests behind some tags, each once; tags of a forgotten day have none. */
  interestsOf(tags: string[]): Promise<string[]>
  /** Drops the keys held in memory: they are not those of Redis any more. */
  forget(): void
}

/** The public catalogue and its daily tags, held in memory; a day's key leaves it with the day. */
export function createCatalogue(deps: { store: SessionStore; clock: Clock }): Catalogue {
  const { store, clock } = deps
  let loaded: { atMs: number; categories: Map<string, string> } | undefined
  const held = new Map<string, DayKey>()

  async function categories() {
    if (!loaded || clock.now() - loaded.atMs > reloadAfterMs) {
      const found = await store.catalogue()
      loaded = {
        atMs: clock.now(),
        categories: new Map(found.flatMap(({ id, interests }) => interests.map((interest) => [interest, id]))),
      }
      held.clear()
    }
    return loaded.categories
  }

  function dropEnded() {
    for (const [day, key] of held) if (key.endsAtMs <= clock.now()) held.delete(day)
  }

  async function keys(fromMs: number, untilMs: number) {
    const interests = (await categories()).keys()
    dropEnded()
    const days: { day: string; endsAtMs: number }[] = []
    for (let at = dayOf(fromMs); ; at = dayOf(at.endsAtMs)) {
      days.push(at)
      if (at.endsAtMs > untilMs) break
    }
    // Taken before anything is awaited: another call may forget what is held meanwhile.
    const known = new Map(
      days.flatMap(({ day }) => [held.get(day)].flatMap((key) => (key ? [[day, key] as const] : []))),
    )
    const missing = days.filter(({ day }) => !known.has(day))
    if (missing.length > 0) {
      const catalogue = [...interests]
      const wanted = missing.map(({ day, endsAtMs }) => ({ day, proposed: newDayKey(), ttlMs: endsAtMs - clock.now() }))
      const written = await store.interestKeys(wanted)
      for (const [i, { day, endsAtMs }] of missing.entries()) {
        const key = tagCatalogue(day, endsAtMs, written[i] ?? '', catalogue)
        held.set(day, key)
        known.set(day, key)
      }
    }
    return days.flatMap(({ day }) => known.get(day) ?? [])
  }

  return {
    categories,
    keys,
    async interestsOf(tags) {
      if (tags.length === 0) return []
      const find = (among: DayKey[]) =>
        new Set(among.flatMap(({ interestOf }) => tags.flatMap((tag) => interestOf.get(tag) ?? [])))
      dropEnded()
      const found = find([...held.values()])
      if (found.size > 0) return [...found]
      // Nothing fits: Redis may have lost its keys and begun with others.
      held.clear()
      return [...find(await keys(clock.now(), clock.now()))]
    },
    forget: () => held.clear(),
  }
}
