// Invariant: a profile is shown to whoever has to do with its account, and to nobody whom a block keeps apart from it; what is hidden, to itself only.
import { createHash } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { domainOf } from '../../platform/mail/index.ts'
import type { Limit, RateLimiter } from '../../platform/rate-limit.ts'
import type { SubjectSource } from '../enforcement/index.ts'
import type { Gate } from '../gate/index.ts'
import type { Viewer } from '../identity/index.ts'
import { createDeletionService, type DeletionService } from './deletion-service.ts'
import { createEmailService, type EmailService } from './email-service.ts'
import { CampusNotYoursError } from './errors.ts'
import { changedProfile, type ProfileChanges, textsOf, withTexts } from './rules.ts'
import { shownTo } from './sight.ts'
import type { OwnProfile, Profile, ProfileStore } from './store.ts'
import { createProfileSubject } from './subject.ts'

const minuteMs = 60 * 1000
const changeLimit: Limit = { name: 'update-profile', count: 30, windowMs: minuteMs }

export interface ProfilesService extends EmailService, DeletionService {
  /** Profiles by account id, for a viewer who was shown these accounts already. Those that are not there are not in it. */
  byIds(viewerId: string | null, accountIds: readonly string[]): Promise<Map<string, Profile>>
  /** Those of these that the viewer may see. */
  visible(viewer: Viewer | null, accountIds: readonly string[]): Promise<Map<string, Profile>>
  /** Changes what is named. Refuses what cannot be kept, what the gate refuses, and a campus of which the account has no verified address. Safe to repeat. */
  updateProfile(accountId: string, changes: ProfileChanges): Promise<void>
  /** Has others not see what an account is called, in the transaction that makes it; `by` is why. Refuses nothing. Once only. */
  hideNew: ProfileStore['hideNew']
  /** An account as something that can be reported and acted on. */
  subject: SubjectSource
}

interface ProfileDeps {
  gate: Gate
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
  const { store, clock, limiter, gate } = deps

  async function byIds(viewerId: string | null, accountIds: readonly string[]): Promise<Map<string, Profile>> {
    const found = accountIds.length > 0 ? await store.byIds(accountIds) : []
    return new Map(found.map((profile) => [profile.id, shownTo(viewerId, profile)]))
  }

  async function mayBeSeen(viewerId: string | null, accountIds: string[]): Promise<string[]> {
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

    async visible(viewer, accountIds) {
      const [viewerId, asked] = [viewer?.accountId ?? null, accountIds.filter(isId)]
      return byIds(viewerId, viewer?.roles.includes('ADMIN') ? asked : await mayBeSeen(viewerId, asked))
    },

    hideNew: store.hideNew,
    subject: createProfileSubject({ store, mayBeSeen }),

    async updateProfile(accountId, changes) {
      await limiter.take(changeLimit, accountId)
      const attempt = createHash('sha256').update(JSON.stringify(changes)).digest('base64url')
      const passed = await gate.ask({ surface: 'PROFILE', personId: accountId, attempt, texts: textsOf(changes) })
      const when = { nowMs: clock.now(), hiddenBy: passed.hiddenBy }
      const changed = await store.change(accountId, when, async ({ fields, verifiedEmail }, campusDomain) => {
        const next = changedProfile(fields, withTexts(changes, passed.texts))
        const { campusId } = next
        if (campusId !== null && campusId !== fields.campusId)
          checkCampus(isId(campusId) ? await campusDomain(campusId) : undefined, verifiedEmail)
        return next
      })
      if (!changed) throw new NotFoundError()
      passed.written({ kind: 'ACCOUNT', id: accountId })
    },
  }
}

/** A campus without a domain is anybody's. */
function checkCampus(domain: string | undefined, verifiedEmail: OwnProfile['verifiedEmail']): void {
  if (domain === undefined) throw new BadUserInputError('There is no such campus.', 'campusId')
  const own = verifiedEmail !== null && domainOf(verifiedEmail) === domain.toLowerCase()
  if (domain !== '' && !own) throw new CampusNotYoursError(domain)
}
