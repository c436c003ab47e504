// Invariant: of who is erased nothing is left in any conversation but the places of what they said, and others are told to forget it.
import type { ErasingStore } from './erasing-store.ts'
import { erasure } from './erasing-store.ts'
import type { Locked, LockStore } from './lock-store.ts'
import type { Membership } from './member-store.ts'
import { memberships } from './membership-store.ts'
import type { Tell } from './publish.ts'
import { heirAmong, rangesOf } from './rules.ts'
import { states } from './state-store.ts'

export interface Erasing {
  /** Erases an account from every conversation; a direct one stays with the other. Repeating it is safe, and so is dying half-way. */
  erase(accountId: string): Promise<number>
}

/** In one transaction, which others wait for. */
const messagesAtOnce = 2000

export function createErasing(deps: {
  store: ErasingStore
  locks: LockStore
  tell: Tell
  /** Leaves nothing of what was told to them. */
  forget(accountId: string): Promise<void>
}): Erasing {
  const { store, locks, tell, forget } = deps
  /** Erases some, and tells how much, and whether that was all. */
  async function eraseFrom(conversationId: string, accountId: string): Promise<{ count: number; all: boolean }> {
    const changed = await locks.any(conversationId, async (group) => {
      const { id, sql, append } = group
      const { own, shown, others } = await erasure.messagesOf(sql, id, accountId, messagesAtOnce)
      const all = own.length < messagesAtOnce
      if (all) await states.dropUnknowing(sql, id, accountId)
      const everybody = await group.members()
      const count = await erasure.scrub(sql, id, accountId, all ? null : (own.at(-1) ?? 0))
      const left = everybody.filter((one) => one.accountId !== accountId)
      // Who does not know of it loses nothing.
      if (all && left.every(({ hiddenBy }) => hiddenBy !== null)) await erasure.drop(sql, id)
      else {
        if (all) await takeOut(group, everybody, accountId)
        if (shown.length > 0) append({ kind: 'ERASED', actorId: null, data: { ranges: rangesOf(shown, others) } })
      }
      return { count, all }
    })
    if (changed) tell(changed.entries, changed.memberIds)
    return changed?.result ?? { count: 0, all: true }
  }

  async function takeOut({ id, kind, sql, append }: Locked, everybody: Membership[], accountId: string): Promise<void> {
    const me = everybody.find((one) => one.accountId === accountId)
    if (!me) return
    const heir = me.role === 'OWNER' ? heirAmong(everybody.filter((one) => one !== me)) : undefined
    if (heir && kind === 'GROUP') {
      await memberships.setRole(sql, id, heir.accountId, 'OWNER')
      append({ kind: 'MEMBER', actorId: null, data: { accountId: heir.accountId, change: 'ROLE', role: 'OWNER' } })
    }
    append({ kind: 'MEMBER', actorId: null, data: { accountId: null, change: 'LEFT', role: me.role } })
  }

  return {
    async erase(accountId) {
      let count = 0
      for (const id of await store.conversationsOf(accountId))
        for (let all = false; !all; ) {
          const done = await eraseFrom(id, accountId)
          count += done.count
          all = done.all
        }
      await forget(accountId)
      return count
    },
  }
}
