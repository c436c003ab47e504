import DataLoader from 'dataloader'
import type { Activity } from '../modules/activities/index.ts'
import type { Appeal } from '../modules/appeals/index.ts'
import type { Decision } from '../modules/enforcement/index.ts'
import type { SignIn } from '../modules/identity/index.ts'
import type { Report } from '../modules/moderation/index.ts'
import type { Campus, PlaceEvent, Venue } from '../modules/places/index.ts'
import type { CellBand } from '../modules/presence/index.ts'
import type { Profile } from '../modules/profiles/index.ts'
import type { Listed, PageRequest } from '../platform/keyset.ts'
import { type CaseLoaders, caseLoaders } from './case-loaders.ts'
import type { Context } from './context.ts'
import { type ConversationLoaders, conversationLoaders } from './conversation-loaders.ts'
import { selvesOf } from './person.ts'
import { phone } from './phone.ts'
import { isStaff, staffOf } from './staff.ts'

export interface Loaders extends ConversationLoaders, CaseLoaders {
  /** Null: not there, or not for the viewer. */
  appeal: DataLoader<string, Appeal | null>
  /** Null: not there, or not for the viewer. */
  decision: DataLoader<string, Decision | null>
  /** Null: not there, or not the viewer's own. */
  report: DataLoader<string, Report | null>
  /** Null: it was removed. */
  venue: DataLoader<string, Venue | null>
  campus: DataLoader<string, Campus | null>
  /** What others see of an account, for who was shown that account already. Null: it is erased. */
  profile: DataLoader<string, Profile | null>
  eventsAt: DataLoader<{ venueId: string; page: PageRequest }, Listed<PlaceEvent>[]>
  /** Where an account is signed in, as far as the viewer may know. */
  signIns: DataLoader<string, SignIn[]>
  /** Null: gone, or hidden from the viewer. */
  activity: DataLoader<string, Activity | null>
  /** Whether the viewer has a seat in an activity. */
  activitySeat: DataLoader<string, boolean>
  /** Who is present in an activity, as far as the viewer may know. */
  activityPresent: DataLoader<string, ReadonlySet<string> | null>
  /** How near an activity is to the viewer. */
  activityBand: DataLoader<Activity, CellBand | null>
}

const sets = new WeakMap<Context, Loaders>()

/** What the fields of one request ask for one by one, asked for at once. Nothing is kept: a subscription's context lives for hours. */
export function loadersOf(context: Context): Loaders {
  const known = sets.get(context)
  if (known) return known
  const { appeals, identity, enforcement, moderation, places, profiles, activities } = context.services
  const loaders: Loaders = {
    ...conversationLoaders(context),
    ...caseLoaders(context),
    appeal: byId((ids) => appeals.appealsById(viewing(context), ids)),
    decision: byId((ids) => enforcement.decisionsFor(viewing(context), ids)),
    report: byId((ids) => moderation.reportsById(selvesOf(context.viewer), ids)),
    venue: byId((ids) => places.venuesById(context.viewer?.accountId ?? null, ids)),
    campus: byId((ids) => places.campusesById(ids)),
    profile: byId((ids) => profiles.byIds(context.viewer?.accountId ?? null, ids)),
    eventsAt: new DataLoader(
      async (asked) => {
        const groups = new Map<string, { page: PageRequest; venueIds: string[] }>()
        for (const { venueId, page } of asked) {
          const group = groups.get(JSON.stringify(page)) ?? { page, venueIds: [] }
          groups.set(JSON.stringify(page), group)
          if (!group.venueIds.includes(venueId)) group.venueIds.push(venueId)
        }
        const found = new Map<string, Map<string, Listed<PlaceEvent>[]>>()
        for (const [key, { page, venueIds }] of groups)
          found.set(key, await places.eventsAt(context.viewer?.accountId ?? null, venueIds, page))
        return asked.map(({ venueId, page }) => found.get(JSON.stringify(page))?.get(venueId) ?? [])
      },
      { cache: false },
    ),
    signIns: new DataLoader(
      async (ids) => {
        const found = await identity.signInsOf(context.viewer, [...new Set(ids)])
        return ids.map((id) => found.get(id) ?? [])
      },
      { cache: false },
    ),
    activity: new DataLoader(async (ids) => activities.load(phone(context.viewer).deviceId, ids), { cache: false }),
    activitySeat: new DataLoader(async (ids) => activities.seats(phone(context.viewer).deviceId, ids), {
      cache: false,
    }),
    activityPresent: new DataLoader(
      async (ids) => {
        const viewerId = phone(context.viewer).deviceId
        const asked = [...new Set(ids)].map(async (id) => [id, await activities.present(viewerId, id)] as const)
        const found = new Map(await Promise.all(asked))
        return ids.map((id) => found.get(id) ?? null)
      },
      { cache: false },
    ),
    activityBand: new DataLoader(async (found) => activities.bandsOf(phone(context.viewer).deviceId, found), {
      cache: false,
    }),
  }
  sets.set(context, loaders)
  return loaders
}

/** What the viewer has a right to by themselves, and as staff. */
const viewing = ({ viewer }: Context) => ({
  personIds: selvesOf(viewer),
  staff: isStaff(viewer) ? staffOf(viewer) : null,
})

function byId<Item>(find: (ids: readonly string[]) => Promise<Map<string, Item>>): DataLoader<string, Item | null> {
  return new DataLoader<string, Item | null>(
    async (ids) => {
      const found = await find([...new Set(ids)])
      return ids.map((id) => found.get(id) ?? null)
    },
    { cache: false },
  )
}
