// Invariant: what a message is shown as follows the last decision about it, for everybody, everywhere they look, and its author cannot tell.
import type { SubjectFacts, SubjectSource } from '../enforcement/index.ts'
import type { EntryState, RenamedData } from './entries.ts'
import type { Locked, LockStore } from './lock-store.ts'
import { memberships } from './membership-store.ts'
import { messageChanges } from './message-change-store.ts'
import type { Message } from './message-store.ts'
import type { Tell } from './publish.ts'
import type { Reading } from './reading.ts'
import type { ReadingStore } from './reading-store.ts'
import { messagePlace } from './rules.ts'
import { type HiddenEntry, type StateStore, states } from './state-store.ts'

/** In one transaction, which others wait for. */
const entriesAtOnce = 1000

/** Messages as what can be reported, judged and acted on. What conversations a hidden person began is shown with them. */
export function createMessageSubjects(deps: {
  store: StateStore
  locks: LockStore
  readings: Pick<ReadingStore, 'byPlaces'>
  reading: Pick<Reading, 'visibleMessages'>
  tell: Tell
}): SubjectSource {
  const { store, locks, readings, reading, tell } = deps

  async function revealIn(conversationId: string, ownerId: string, by: string): Promise<number> {
    const changed = await locks.any(conversationId, async (locked) => {
      const found = await states.hidden(locked.sql, conversationId, ownerId, by, entriesAtOnce)
      const seqs = (kinds: HiddenEntry['kind'][]) =>
        found.filter(({ kind }) => kinds.includes(kind)).map(({ seq }) => seq)
      const others = seqs(['CREATED', 'MEMBER', 'RENAMED'])
      const count = found.length + (await showMembers(locked, ownerId, by))
      if (others.length > 0) await states.show(locked.sql, conversationId, others)
      await showName(locked, ownerId, found)
      const said = seqs(['MESSAGE'])
      if (said.length > 0) await states.change(locked.sql, { conversationId, seqs: said }, { to: 'VISIBLE', by: null })
      for (const { kind, seq, state } of found) if (kind === 'MESSAGE') appendState(locked, seq, state, 'VISIBLE', null)
      return { count, all: found.length < entriesAtOnce }
    })
    if (!changed) return 0
    tell(changed.entries, changed.memberIds)
    const { count, all } = changed.result
    return all ? count : count + (await revealIn(conversationId, ownerId, by))
  }

  return {
    async facts(id) {
      const place = messagePlace(id)
      const [message] = place ? await readings.byPlaces([place]) : []
      return message ? factsOf(message) : null
    },

    async seenBy({ accountId }, id) {
      const message = accountId === null ? undefined : (await reading.visibleMessages({ accountId }, [id])).get(id)
      return message ? factsOf(message) : null
    },

    async setState(id, state, by) {
      const place = messagePlace(id)
      if (!place) return false
      const changed = await locks.any(place.conversationId, async (locked) => {
        const message = await messageChanges.find(locked.sql, place)
        if (!message) return false
        if (message.state !== state) {
          const { conversationId, seq } = place
          await states.change(locked.sql, { conversationId, seqs: [seq] }, { to: state, by })
          appendState(locked, seq, message.state, state, message.senderId)
        } else if (state !== 'VISIBLE') await states.relabel(locked.sql, place, by)
        return true
      })
      if (changed) tell(changed.entries, changed.memberIds)
      return changed?.result ?? false
    },

    async reveal(ownerId, by) {
      let count = 0
      for (const id of await store.conversationsHiddenBy(ownerId, by)) count += await revealIn(id, ownerId, by)
      return count
    },
  }
}

const factsOf = ({ senderId, body, sentAt, state }: Message): SubjectFacts => ({
  ...{ ownerId: senderId, campusId: null, text: body ?? '', isPublic: false, createdAt: sentAt, state },
})

function appendState({ append }: Locked, targetSeq: number, from: EntryState, to: EntryState, senderId: string | null) {
  const kind = to === 'VISIBLE' || from === 'REMOVED' ? 'SHOWN' : 'HIDDEN'
  append({ kind, actorId: null, targetSeq, data: { from, to }, apartId: to === 'HIDDEN' ? senderId : null })
}

/** Who was in it from its beginning sees all of it; who was added later comes now. */
async function showMembers(locked: Locked, ownerId: string, by: string): Promise<number> {
  const { id, sql, append } = locked
  const shown = await states.showMembers(sql, id, ownerId, by)
  if (shown.some(({ joinedSeq }) => joinedSeq === 1)) append({ kind: 'SHOWN', actorId: ownerId, targetSeq: 1 })
  for (const { accountId, role, joinedSeq, leftSeq } of shown) {
    if (joinedSeq === 1 || leftSeq !== null) continue
    const data = { accountId, change: 'ADDED' as const, role }
    await states.rejoin(sql, id, accountId, append({ kind: 'MEMBER', actorId: ownerId, data }))
  }
  return shown.length
}

/** The name that they gave last becomes everybody's, unless somebody gave it another one since. */
async function showName({ id, sql, append }: Locked, ownerId: string, found: readonly HiddenEntry[]): Promise<void> {
  const last = found.findLast(({ kind, data }) => kind === 'RENAMED' && !(data as RenamedData).past)
  if (!last) return
  const { name } = last.data as RenamedData
  await memberships.rename(sql, id, name)
  append({ kind: 'RENAMED', actorId: ownerId, data: { name } })
}
