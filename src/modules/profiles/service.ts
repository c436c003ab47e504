// Invariant: a profile is shown to whoever has to do with its account, and to nobody whom a block keeps apart from it.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { domainOf } from '../../platform/mail/index.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { Viewer } from '../identity/index.ts'
import { createDeletionService, type DeletionService } from './deletion-service.ts'
import { createEmailService, type EmailService } from './email-service.ts'
import { CampusNotYoursError } from './errors.ts'
import { changedProfile, type ProfileChanges } from './rules.ts'
import type { OwnProfile, Profile, ProfileStore } from './store.ts'

const minuteMs = 60 * 1000
const changeLimit: Limit = { name: 'update-profile', count: 30, windowMs: minuteMs }

export interface ProfilesService extends EmailService, DeletionService {
  /** Profiles by account id, for whoever was shown these accounts already. Those that are not there are not in it. */
  byIds(accountIds: readonly string[]): Promise<Map<string, Profile>>
  /** Those of these that the viewer may see. */
  visible(viewer: Viewer | null, accountIds: readonly string[]): Promise<Map<string, Profile>>
  /** Changes what is named. Refuses what cannot be kept, and a campus of which the account has no verified address. Safe to repeat. */
  updateProfile(accountId: string, changes: ProfileChanges): Promise<void>
}

interface ProfileDeps {
  store: ProfileStore
  clock: Clock
  limiter: RateLimiter
  /** Everybody hidden from an account by a block, in either direction. */
  hiddenFrom(accountId: string): Promise<ReadonlySet<string>>
  /** With whom of these an account shares, or shared, a conversation. */
  acquainted(accountId: string, others: readonly string[]): Promise<ReadonlySet<string>>
}

type EmailDeps = Parameters<typeof createEmailService>[0]
type DeletionDeps = Parameters<typeof createDeletionService>[0]

export function createProfilesService(
  deps: ProfileDeps &
    Omit<EmailDeps, 'store'> &
    Omit<DeletionDeps, 'store'> & { mails: EmailDeps['store']; deletions: DeletionDeps['store'] },
): ProfilesService {
  const { store, clock, limiter } = deps

  async function byIds(accountIds: readonly string[]): Promise<Map<string, Profile>> {
    const found = accountIds.length > 0 ? await store.byIds(accountIds) : []
    return new Map(found.map((profile) => [profile.id, profile]))
  }

  async function mayBeSeen(viewer: Viewer | null, accountIds: string[]): Promise<string[]> {
    if (viewer?.roles.includes('ADMIN')) return accountIds
    const viewerId = viewer?.accountId ?? null
    if (viewerId === null || accountIds.length === 0) return []
    const others = accountIds.filter((id) => id !== viewerId)
    const [hidden, acquainted] =
      others.length > 0
        ? await Promise.all([deps.hiddenFrom(viewerId), deps.acquainted(viewerId, others)])
        : [new Set<string>(), new Set<string>()]
    return accountIds.filter((id) => id === viewerId || (acquainted.has(id) && !hidden.has(id)))
  }

  return {
    ...createEmailService({ ...deps, store: deps.mails }),
    ...createDeletionService({ ...deps, store: deps.deletions }),
    byIds,

    visible: async (viewer, accountIds) => byIds(await mayBeSeen(viewer, accountIds.filter(isId))),

    async updateProfile(accountId, changes) {
      await limiter.take(changeLimit, accountId)
      const changed = await store.change(accountId, clock.now(), async ({ fields, verifiedEmail }, campusDomain) => {
        const next = changedProfile(fields, changes)
        const { campusId } = next
        if (campusId !== null && campusId !== fields.campusId)
          checkCampus(isId(campusId) ? await campusDomain(campusId) : undefined, verifiedEmail)
        return next
      })
      if (!changed) throw new NotFoundError()
    },
  }
}

/** A campus without a domain is anybody's. */
function checkCampus(domain: string | undefined, verifiedEmail: OwnProfile['verifiedEmail']): void {
  if (domain === undefined) throw new BadUserInputError('There is no such campus.', 'campusId')
  const own = verifiedEmail !== null && domainOf(verifiedEmail) === domain.toLowerCase()
  if (domain !== '' && !own) throw new CampusNotYoursError(domain)
}
