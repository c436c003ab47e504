// Invariant: a moderator with campuses sees their cases and those of no campus, and no others, by any way.
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { AuditService } from '../audit/index.ts'
import type { Scope } from './case-filter.ts'
import type { CaseStore } from './case-store.ts'
import type { ScopeStore } from './scope-store.ts'

/** A member of staff. */
export interface Staff {
  accountId: string
  isAdmin: boolean
}

export interface Scopes {
  /** What somebody sees. ADMIN sees all. */
  of(staff: Staff): Promise<Scope>
  /**
   * The same, and calls the listener once within seconds of it being another one. `stop` ends that. Whoever is looked after on this node is
   * looked up together: one more costs no read.
   */
  watch(staff: Staff, onChanged: () => void): Promise<{ scope: Scope; stop(): void }>
  /**
   * Says which campuses are a moderator's; with none they see all. For ADMIN. Refuses an account that handles no cases with NOT_FOUND,
   * and unknown campuses. Repeating it is safe.
   */
  setCampuses(admin: Staff, accountId: string, campusIds: readonly string[]): Promise<string[]>
  /** The campuses of these, by account. */
  campusesOf(accountIds: readonly string[]): Promise<Map<string, string[]>>
  close(): void
}

const lookEveryMs = 2000
const campusesAtMost = 100

interface Watched {
  accountId: string
  campusIds: readonly string[]
  onChanged(): void
}

export function createScopes(deps: {
  postgres: Postgres
  store: ScopeStore
  cases: Pick<CaseStore, 'isStaff'>
  audit: Pick<AuditService, 'write'>
}): Scopes {
  const { postgres, store, cases, audit } = deps
  const watched = new Set<Watched>()
  let timer: NodeJS.Timeout | undefined
  let looking = false

  const scopeOf = (campusIds: readonly string[]): Scope => (campusIds.length === 0 ? null : campusIds)
  const campusesOf = async (accountId: string) => (await store.of([accountId])).get(accountId) ?? []

  async function look() {
    if (looking) return
    looking = true
    try {
      const found = await store.of([...new Set([...watched].map(({ accountId }) => accountId))])
      for (const one of watched) {
        if ((found.get(one.accountId) ?? []).join() === one.campusIds.join()) continue
        forget(one)
        one.onChanged()
      }
    } catch {
      // While Postgres does not answer nothing is known, and it is asked again.
    } finally {
      looking = false
    }
  }

  function forget(one: Watched) {
    watched.delete(one)
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    of: async ({ accountId, isAdmin }) => (isAdmin ? null : scopeOf(await campusesOf(accountId))),

    async watch({ accountId, isAdmin }, onChanged) {
      if (isAdmin) return { scope: null, stop: () => undefined }
      const one: Watched = { accountId, campusIds: await campusesOf(accountId), onChanged }
      watched.add(one)
      timer ??= setInterval(() => void look(), lookEveryMs).unref()
      return { scope: scopeOf(one.campusIds), stop: () => forget(one) }
    },

    setCampuses: (admin, accountId, given) =>
      postgres.transaction(async (sql) => {
        const campusIds = [...new Set(given)].sort()
        if (campusIds.length > campusesAtMost)
          throw new BadUserInputError(`At most ${campusesAtMost} campuses.`, 'campusIds')
        if (!isId(accountId) || !(await cases.isStaff(sql, accountId))) throw new NotFoundError()
        const known = campusIds.every(isId) ? await store.known(sql, campusIds) : -1
        if (known !== campusIds.length) throw new BadUserInputError('There is no such campus.', 'campusIds')
        await store.set(sql, accountId, campusIds)
        await audit.write(sql, {
          ...{ actorId: admin.accountId, action: 'SET_MODERATOR_CAMPUSES', target: 'staff', detail: { campusIds } },
          personId: accountId,
        })
        return campusIds
      }),

    campusesOf: (accountIds) => store.of(accountIds),
    close: () => clearInterval(timer),
  }
}
