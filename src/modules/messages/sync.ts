// Invariant: who repeats what these answers tell until nothing is left has everything they may see, and no hole in it.
import { BadUserInputError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { type Bootstrap, type BootstrapDependencies, createBootstrapping } from './bootstrapping.ts'
import type { Stretch } from './change-store.ts'
import { type Change, type Changes, messageIn, namedIn } from './changes.ts'
import { isMemberShown } from './member-store.ts'
import type { Reader } from './reading-store.ts'
import { directKey } from './rules.ts'
import type { Sight } from './sight.ts'
import { fromTheBeginning } from './sync-cursors.ts'
import { checkSize, overlapMs, shares, syncLimits } from './sync-rules.ts'
import type { Standing } from './sync-store.ts'

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

export function createSync(deps: BootstrapDependencies & { changes: Changes }): Sync {
  const { store, changeStore, changes, members, cursors, hiddenFrom } = deps

  /** What changed, in rounds of pages: a round ends with the cursor that the next one begins with. */
  async function changedSince(accountId: string, cursor: string | null) {
    const place = cursor === null ? undefined : cursors.sincePlace(accountId, cursor)
    const from = place?.told ?? fromTheBeginning
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
        : cursors.round(accountId, nextMs),
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
        { accountId, firstSeq, lastSeq: null, hidden },
      ]),
    )
    const found = await changes.changesWithin(
      stretches.filter(({ after, upTo }) => upTo > after),
      sights,
    )
    const conversations = asked.map((one) => caught(one, found))
    return { conversations, accountIds: await namedInChanges({ accountId, hidden }, found) }
  }

  async function namedInChanges(reader: Reader, found: readonly Change[]) {
    const created = found.filter(({ kind }) => kind === 'created').map(({ conversationId }) => conversationId)
    const present = created.length > 0 ? await members.members(created) : []
    const places = found.flatMap((change) => messageIn(change) ?? [])
    return changeStore.everybody(reader, places, [
      ...found.flatMap(namedIn),
      ...present.filter((member) => isMemberShown(member, reader.accountId)).map(({ accountId }) => accountId),
    ])
  }

  return {
    syncBootstrap: createBootstrapping(deps),
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

function checkPositions(positions: readonly SyncPosition[]): void {
  if (positions.length > syncLimits.positions)
    throw new BadUserInputError(`At most ${syncLimits.positions} positions at once.`, 'after')
  if (positions.some(({ seq }) => seq < 0)) throw new BadUserInputError('A position is not below 0.', 'after')
  if (new Set(positions.map(({ conversationId }) => conversationId)).size < positions.length)
    throw new BadUserInputError('Name each conversation once.', 'after')
}
