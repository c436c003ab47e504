import DataLoader from 'dataloader'
import type { Campus, PlaceEvent, Venue } from '../modules/places/index.ts'
import type { Listed, PageRequest } from '../platform/keyset.ts'
import type { Context } from './context.ts'

export interface Loaders {
  /** Null: it was removed. */
  venue: DataLoader<string, Venue | null>
  campus: DataLoader<string, Campus | null>
  eventsAt: DataLoader<{ venueId: string; page: PageRequest }, Listed<PlaceEvent>[]>
}

const sets = new WeakMap<Context, Loaders>()

/** What the fields of one request ask for one by one, asked for at once. Nothing is kept: a subscription's context lives for hours. */
export function loadersOf(context: Context): Loaders {
  const known = sets.get(context)
  if (known) return known
  const { places } = context.services
  const loaders: Loaders = {
    venue: byId((ids) => places.venuesById(ids)),
    campus: byId((ids) => places.campusesById(ids)),
    eventsAt: new DataLoader(
      async (asked) => {
        const groups = new Map<string, { page: PageRequest; venueIds: string[] }>()
        for (const { venueId, page } of asked) {
          const group = groups.get(JSON.stringify(page)) ?? { page, venueIds: [] }
          groups.set(JSON.stringify(page), group)
          if (!group.venueIds.includes(venueId)) group.venueIds.push(venueId)
        }
        const found = new Map<string, Map<string, Listed<PlaceEvent>[]>>()
        for (const [key, { page, venueIds }] of groups) found.set(key, await places.eventsAt(venueIds, page))
        return asked.map(({ venueId, page }) => found.get(JSON.stringify(page))?.get(venueId) ?? [])
      },
      { cache: false },
    ),
  }
  sets.set(context, loaders)
  return loaders
}

function byId<Item>(find: (ids: readonly string[]) => Promise<Map<string, Item>>): DataLoader<string, Item | null> {
  return new DataLoader<string, Item | null>(
    async (ids) => {
      const found = await find([...new Set(ids)])
      return ids.map((id) => found.get(id) ?? null)
    },
    { cache: false },
  )
}
