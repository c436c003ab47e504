// Invariant: who repeats what these answers tell until nothing is left has everything they may see, and no hole in it.
import { encodeCursor } from '../../platform/cursor.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import { BadUserInputError, UnavailableError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import type { ChangeStore, Stretch } from './change-store.ts'
import { type Change, type Changes, messageIn, namedIn } from './changes.ts'
import type { Conversation, ConversationStore } from './conversation-store.ts'
import { inboxTopic } from './events.ts'
import type { MemberStore } from './member-store.ts'
import type { Message } from './message-store.ts'
import type { ReadingStore } from './reading-store.ts'
import { directKey, type MessagePlace } from './rules.ts'
import type { Sight } from './sight.ts'
import type { SyncCursors } from './sync-cursors.ts'
import { pageOf, shares } from './sync-rules.ts'
import type { Standing, SyncStore } from './sync-store.ts'

export interface Snapshot {
  conversation: Conversation
  /** The oldest first. */
  messages: Message[]
  upToSeq: number
  hasOlder: boolean
}

export interface Bootstrap {
  snapshots: Snapshot[]
  nextPage: string | null
  inboxCursor: string
  since: string
  /** Everybody whom the rest names. */
  accountIds: string[]
}

export interface Caught {
  conversationId: string
  changes: Change[]
  upToSeq: number
  latestSeq: number
  firstSeq: number
}

export interface Catching {
  conversations: Caught[]
  changed: { conversationId: string; latestSeq: number }[]
  left: string[]
  hasMoreChanged: boolean
  since: string
  accountIds: string[]
}

export interface SyncPosition {
  conversationId: string
  seq: number
}

/** Reads only: repeating is safe. Both refuse with BAD_USER_INPUT sizes out of their limits and cursors that are not the account's. */
export interface Sync {
  /** A page of an account's conversations, the last active first, each with its newest messages: all that a new client needs. */
  syncBootstrap(accountId: string, asked: { first: number; after: string | null; messages: number }): Promise<Bootstrap>
  /**
   * What happened after these positions, and which conversations changed since a cursor. Says nothing of conversations that are not the
   * account's.
   */
  syncChanges(
    accountId: string,
    asked: { after: readonly SyncPosition[]; since: string | null; first: number },
  ): Promise<Catching>
  /** Lets a pair's direct conversation be told of to both: a block has hidden it, or does so no more. Repeating it is safe. */
  touchDirect(accountId: string, otherId: string): Promise<void>
}

export const syncLimits = {
  /** Conversations of a bootstrap's page, and messages of each. */
  page: 50,
  messages: 50,
  /** Members of a page's conversations, all in all. */
  members: 1000,
  /** Positions at once, changes of each, and changes of all of them. */
  positions: 100,
  changes: 100,
  allChanges: 500,
  changed: 500,
} as const

/** A transaction that takes longer than this from its clock to its commit is ended by the database. */
const overlapMs = 15_000

const lowestId = '00000000-0000-0000-0000-000000000000'

export function createSync(deps: {
  store: SyncStore
  changeStore: ChangeStore
  changes: Changes
  conversations: Pick<ConversationStore, 'visible'>
  members: Pick<MemberStore, 'members'>
  readings: Pick<ReadingStore, 'messages'>
  cursors: SyncCursors
  delivery: Pick<DeliveryEngine, 'log'>
  hiddenFrom(accountId: string): Promise<ReadonlySet<string>>
}): Sync {
  const { store, changeStore, changes, conversations, members, readings, cursors, delivery, hiddenFrom } = deps

  /** Where an inbox stands. While Redis does not answer, a cursor that asks to resync. */
  async function inboxCursorOf(accountId: string): Promise<string> {
    const base = delivery.log.base(inboxTopic, accountId)
    try {
      const [position] = await delivery.log.positions([{ topic: inboxTopic, key: accountId }])
      if (position) return encodeCursor(base, position)
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
    }
    return encodeCursor(base, { epoch: '0'.repeat(16), seq: 0 })
  }

  const sinceCursor = (accountId: string, atMs: number) =>
    cursors.since(accountId, { nextMs: 0, told: { atMs, id: lowestId } })

  /** Everybody whom messages and changes name, once, without those who are hidden. */
  async function named(hidden: ReadonlySet<string>, places: readonly MessagePlace[], ids: Iterable<string | null>) {
    const all = new Set(ids)
    if (places.length > 0) for (const id of await changeStore.namedBy(places)) all.add(id)
    return [...all].filter((id): id is string => id !== null && !hidden.has(id))
  }

  /** What changed, in rounds of pages: a round ends with the cursor that the next one begins with. */
  async function changedSince(accountId: string, cursor: string | null) {
    const place = cursor === null ? undefined : cursors.sincePlace(accountId, cursor)
    const from = place?.told ?? { atMs: 0, id: lowestId }
    const options = { left: place !== undefined, limit: syncLimits.changed + 1 }
    const { nowMs, rows } = await store.changedAfter(accountId, from, options)
    const told = rows.slice(0, syncLimits.changed)
    // What had not been committed when the round began is found by the next one, which begins before that.
    const nextMs = place?.nextMs || nowMs - overlapMs
    const last = rows.length > told.length ? told.at(-1) : undefined
    const here = told.filter(({ left }) => !left)
    return {
      changed: here.map(({ conversationId, latestSeq }) => ({ conversationId, latestSeq })),
      left: place ? told.filter(({ left }) => left).map(({ conversationId }) => conversationId) : [],
      hasMoreChanged: last !== undefined,
      since: last
        ? cursors.since(accountId, { nextMs, told: { atMs: last.at.getTime(), id: last.conversationId } })
        : sinceCursor(accountId, nextMs),
    }
  }

  /** What happened after positions: of each a stretch without a hole. */
  async function caughtUp(accountId: string, positions: readonly SyncPosition[], first: number) {
    if (positions.length === 0) return { conversations: [], accountIds: [] }
    const [standings, hidden] = await Promise.all([
      store.standings(
        accountId,
        positions.map(({ conversationId }) => conversationId),
      ),
      hiddenFrom(accountId),
    ])
    const standingOf = new Map(standings.map((standing) => [standing.conversationId, standing]))
    const asked = positions.flatMap(({ conversationId, seq }) => {
      const standing = standingOf.get(conversationId)
      return standing ? [{ ...standing, after: Math.max(seq, standing.firstSeq - 1) }] : []
    })
    const sizes = shares(
      asked.map(({ after, latestSeq }) => Math.min(first, Math.max(0, latestSeq - after))),
      syncLimits.allChanges,
    )
    const stretches = asked.map(
      ({ conversationId, after }, i): Stretch => ({ conversationId, after, upTo: after + (sizes[i] ?? 0) }),
    )
    const sights = new Map(
      asked.map(({ conversationId, firstSeq }): [string, Sight] => [
        conversationId,
        { firstSeq, lastSeq: null, hidden },
      ]),
    )
    const found = await changes.changesWithin(
      stretches.filter(({ after, upTo }) => upTo > after),
      sights,
    )
    const conversations = asked.map((one) => caught(one, found))
    return { conversations, accountIds: await namedInChanges(hidden, found) }
  }

  async function namedInChanges(hidden: ReadonlySet<string>, found: readonly Change[]) {
    const created = found.filter(({ kind }) => kind === 'created').map(({ conversationId }) => conversationId)
    const present = created.length > 0 ? await members.members(created) : []
    const places = found.flatMap((change) => messageIn(change) ?? [])
    return named(hidden, places, [...found.flatMap(namedIn), ...present.map(({ accountId }) => accountId)])
  }

  return {
    async syncBootstrap(accountId, { first, after, messages: newest }) {
      checkSize('first', first, syncLimits.page)
      checkSize('messages', newest, syncLimits.messages)
      const place = after === null ? undefined : cursors.pagePlace(accountId, after)
      const inboxCursor = place?.inboxCursor ?? (await inboxCursorOf(accountId))
      const hidden = await hiddenFrom(accountId)
      const withoutKeys = [...hidden].map((otherId) => directKey(accountId, otherId))
      const { nowMs, rows } = await store.activeBefore(accountId, place?.told, withoutKeys, first + 1)
      const sinceMs = place?.sinceMs ?? nowMs - overlapMs

      const ids = rows.slice(0, first).map(({ conversationId }) => conversationId)
      const present = ids.length > 0 ? await members.members(ids) : []
      const page = pageOf(rows.slice(0, first), present, syncLimits.members)
      const pageIds = page.map(({ conversationId }) => conversationId)
      const range = { from: undefined, to: undefined, order: 'desc', limit: newest + 1 } as const
      const [visible, found] =
        page.length > 0
          ? await Promise.all([
              conversations.visible(accountId, pageIds),
              readings.messages({ accountId, hidden }, pageIds, range),
            ])
          : [[], []]
      const conversationOf = new Map(visible.map((conversation) => [conversation.id, conversation]))
      const snapshots = page.flatMap(({ conversationId, latestSeq }): Snapshot[] => {
        const conversation = conversationOf.get(conversationId)
        if (!conversation) return []
        const own = found.filter((message) => message.conversationId === conversationId)
        const messages = own.slice(0, newest).reverse()
        return [{ conversation, messages, upToSeq: latestSeq, hasOlder: own.length > newest }]
      })

      const last = rows.length > page.length ? page.at(-1) : undefined
      const told = last && { atMs: last.at.getTime(), id: last.conversationId }
      const said = snapshots.flatMap(({ messages }) => messages)
      const isOnPage = new Set(pageIds)
      const names = [
        ...[accountId, ...said.map(({ senderId }) => senderId)],
        ...present.filter(({ conversationId }) => isOnPage.has(conversationId)).map((member) => member.accountId),
      ]
      return {
        ...{ snapshots, inboxCursor },
        nextPage: told ? cursors.page(accountId, { sinceMs, inboxCursor, told }) : null,
        since: sinceCursor(accountId, sinceMs),
        accountIds: await named(hidden, said, names),
      }
    },

    async syncChanges(accountId, { after, since, first }) {
      checkSize('first', first, syncLimits.changes)
      checkPositions(after)
      // Before the positions: what happens in between is told twice rather than not at all.
      const changed = await changedSince(accountId, since)
      const positions = after.filter(({ conversationId }) => isId(conversationId))
      return { ...changed, ...(await caughtUp(accountId, positions, first)) }
    },

    touchDirect: (accountId, otherId) => store.touch(directKey(accountId, otherId)),
  }
}

function caught({ conversationId, after, latestSeq, firstSeq }: Standing & { after: number }, all: readonly Change[]) {
  const changes: Change[] = []
  for (const change of all) {
    if (change.conversationId !== conversationId) continue
    if (change.seq !== after + changes.length + 1) break
    changes.push(change)
  }
  // Somebody who knows more than there is has outlived a restored database.
  const upToSeq = Math.min(after + changes.length, latestSeq)
  return { conversationId, changes, upToSeq, latestSeq, firstSeq }
}

function checkSize(field: string, size: number, most: number): void {
  if (size < 1 || size > most) throw new BadUserInputError(`\`${field}\` is 1 to ${most}.`, field)
}

function checkPositions(positions: readonly SyncPosition[]): void {
  if (positions.length > syncLimits.positions)
    throw new BadUserInputError(`At most ${syncLimits.positions} positions at once.`, 'after')
  if (positions.some(({ seq }) => seq < 0)) throw new BadUserInputError('A position is not below 0.', 'after')
  if (new Set(positions.map(({ conversationId }) => conversationId)).size < positions.length)
    throw new BadUserInputError('Name each conversation once.', 'after')
}
