// Invariant: once two people are blocked, neither is shown the other again, on any path and node, whichever of them asked for it.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Logger } from '../../platform/logger.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { createChanges, type SocialChange } from './changes.ts'
import { Memory } from './memory.ts'
import { type Sight, Sights } from './sights.ts'
import type { Block, SocialStore } from './store.ts'
import { type Audience, audienceFor, defaultSettings, maySee, type VisibilitySettings } from './visibility.ts'

export interface SocialService {
  /** Refuses yourself. Repeating it gives the same block. */
  block(personId: string, otherId: string): Promise<Block>
  /** Refuses a block that is not the person's own with NOT_FOUND, and so does repeating it. */
  unblock(personId: string, blockId: string): Promise<void>
  /** The person's own blocks, newest first. Refuses cursors of other lists. */
  blocks(personId: string, page: PageRequest): Promise<Listed<Block>[]>
  /** Everybody hidden from the person by a block, in either direction. */
  hiddenFrom(personId: string): Promise<ReadonlySet<string>>
  /** Who may find each of these people now. */
  audienceOf(personIds: string[]): Promise<Audience[]>
  /** The rule, in batch: whether the viewer may be shown each of these. Oneself always. */
  visible(viewerId: string, personIds: string[]): Promise<boolean[]>
  /** The same rule for what runs: answers without waiting, and is kept true until it is closed. */
  watch(viewerId: string): Promise<Sight>
  settingsOf(personId: string): Promise<VisibilitySettings>
  /** Changes what is given. Holds for every path by the time it answers, and on every node within a second. Repeating it is safe. */
  setVisibility(personId: string, change: Partial<VisibilitySettings>): Promise<VisibilitySettings>
  /** Tells of every block and setting that changes, on every node within a second of its commit. */
  onChanged(listener: (change: SocialChange) => void): void
  close(): void
}

const peopleRemembered = 100_000

export function createSocialService(deps: {
  store: SocialStore
  redis: RedisConnections
  clock: Clock
  logger: Logger
  /** Told after the commit, before the caller is answered. */
  onBlocked: (personId: string, otherId: string) => Promise<void>
  onUnblocked: (personId: string, otherId: string) => Promise<void>
  onVisibility: (personId: string, audience: Audience) => Promise<void>
}): SocialService {
  const { store, clock } = deps
  const listeners: ((change: SocialChange) => void)[] = []
  const heard = () => changes.heard()
  const apart = new Memory<ReadonlySet<string>>(peopleRemembered, store.around, heard)
  const settings = new Memory<VisibilitySettings>(peopleRemembered, loadSettings, heard)
  const sights = new Sights(hiddenFrom)
  const changes = createChanges({
    redis: deps.redis,
    logger: deps.logger,
    onChange: learn,
    onGap() {
      apart.clear()
      settings.clear()
      sights.reload()
    },
  })

  async function loadSettings(personIds: string[]) {
    const found = await store.settings(personIds)
    return new Map(personIds.map((id) => [id, found.get(id) ?? defaultSettings]))
  }

  async function hiddenFrom(personId: string): Promise<ReadonlySet<string>> {
    return apart.peek(personId) ?? (await apart.get([personId])).get(personId) ?? new Set()
  }

  /** Takes a committed change into account, here. */
  function learn(change: SocialChange) {
    if (change.kind === 'visibility') settings.forget(change.personId)
    else {
      const both = [change.personId, change.otherId]
      for (const id of both) apart.forget(id)
      if (change.kind === 'apart') sights.part(change.personId, change.otherId)
      else sights.reload(both)
    }
    for (const listener of listeners) listener(change)
  }

  function announce(change: SocialChange) {
    learn(change)
    changes.send(change)
  }

  async function audienceOf(personIds: string[]): Promise<Audience[]> {
    const known = await settings.get(personIds)
    return personIds.map((id) => audienceFor(known.get(id) ?? defaultSettings))
  }

  return {
    async block(personId, otherId) {
      if (personId === otherId) throw new BadUserInputError('You cannot block yourself.')
      const block = await store.insert(personId, otherId, clock.now())
      announce({ kind: 'apart', personId, otherId })
      await deps.onBlocked(personId, otherId)
      return block
    },
    async unblock(personId, blockId) {
      const otherId = isId(blockId) ? await store.remove(personId, blockId) : undefined
      if (!otherId) throw new NotFoundError()
      // The other side's own block stands.
      if (await store.between(personId, otherId)) return
      announce({ kind: 'together', personId, otherId })
      await deps.onUnblocked(personId, otherId)
    },
    async blocks(personId, page) {
      const list = `blocks of ${personId}`
      const found = await store.blocksOf(personId, keysetRange(list, page, 'desc'))
      return found.map((block) => ({ item: block, cursor: keysetCursor(list, { key: 0, id: block.id }) }))
    },
    hiddenFrom,
    audienceOf,
    async visible(viewerId, personIds) {
      if (personIds.length === 0) return []
      const [hidden, audiences] = await Promise.all([hiddenFrom(viewerId), audienceOf(personIds)])
      return personIds.map((id, i) => maySee(viewerId, hidden, id, audiences[i] ?? 'NOBODY'))
    },
    watch: (viewerId) => sights.open(viewerId),
    settingsOf: async (personId) => (await settings.get([personId])).get(personId) ?? defaultSettings,
    async setVisibility(personId, change) {
      if (change.visibility === undefined && change.ghost === undefined)
        throw new BadUserInputError('Say `visibility`, `ghost` or both.')
      const set = await store.saveSettings(personId, change, clock.now())
      const audience = audienceFor(set)
      announce({ kind: 'visibility', personId, audience })
      await deps.onVisibility(personId, audience)
      return set
    },
    onChanged: (listener) => void listeners.push(listener),
    close: changes.close,
  }
}
