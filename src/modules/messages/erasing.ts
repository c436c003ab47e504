// Invariant: of who is erased nothing is left in any conversation but the places of what they said, and others are told to forget it.
import type { ErasingStore } from './erasing-store.ts'
import { erasure } from './erasing-store.ts'
import type { Locked, LockStore } from './lock-store.ts'
import type { Membership } from './member-store.ts'
import { memberships } from './membership-store.ts'
import type { Tell } from './publish.ts'
import { heirAmong, rangesOf } from './rules.ts'

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
      const { own, others } = await erasure.messagesOf(sql, id, accountId, messagesAtOnce)
      const all = own.length < messagesAtOnce
      const everybody = await group.members()
      const count = await erasure.scrub(sql, id, accountId, all ? null : (own.at(-1) ?? 0))
      const left = everybody.filter((one) => one.accountId !== accountId)
      if (all && left.length === 0) await erasure.drop(sql, id)
      else {
        if (all) await takeOut(group, everybody, accountId)
        if (own.length > 0) append({ kind: 'ERASED', actorId: null, data: { ranges: rangesOf(own, others) } })
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
