// Invariant: once two people are blocked, neither is shown the other again, on any path and node, whichever of them asked for it.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import { createChanges, type Notice } from './changes.ts'
import { Memory } from './memory.ts'
import { createOutcomes, type SocialChange } from './outcomes.ts'
import { type Sight, Sights } from './sights.ts'
import type { Block, SocialStore } from './store.ts'
import { type Audience, audienceFor, defaultSettings, maySee, type VisibilitySettings } from './visibility.ts'

export interface SocialService {
  /** Refuses yourself. Repeating it gives the same block. */
  block(personId: string, otherId: string): Promise<Block>
  /** Refuses with NOT_FOUND a block that is not of one of these, who are one viewer, and so does repeating it. */
  unblock(personIds: readonly string[], blockId: string): Promise<void>
  /** Their own blocks, newest first. Refuses cursors of other lists. */
  blocks(personIds: readonly string[], page: PageRequest): Promise<Listed<Block>[]>
  /** Everybody hidden from the person by a block, in either direction: as of a second ago at most. */
  hiddenFrom(personId: string): Promise<ReadonlySet<string>>
  /** The same as of now, from Postgres: for what is written down and outlives that second. */
  hiddenFromNow(personId: string): Promise<ReadonlySet<string>>
  /** Who may find each of these people now. */
  audienceOf(personIds: string[]): Promise<Audience[]>
  /** The rule, in batch: whether the viewer may be shown each of these. Oneself always. */
  visible(viewerId: string, personIds: string[]): Promise<boolean[]>
  /** The same rule for what runs: answers without waiting, and is kept true until it is closed. */
  watch(viewerId: string): Promise<Sight>
  settingsOf(personId: string): Promise<VisibilitySettings>
  /** Changes what is given. Holds for every path by the time it answers, and on every node within a second. Repeating it is safe. */
  setVisibility(personId: string, change: Partial<VisibilitySettings>): Promise<VisibilitySettings>
  /** Tells what holds after every change of a block or setting, on every node within a second of its commit. It may be told twice. */
  onChanged(listener: (change: SocialChange) => void): void
  /** Leaves nothing of a person who does not come back: no block of theirs or against them, no setting. Repeating it is safe. */
  erase(personId: string): Promise<number>
  /** Drops the notices of changes that every node has read. Repeating it is safe. */
  dropChanges(): Promise<void>
  close(): void
}

const peopleRemembered = 100_000
const insistEveryMs = 1000

export function createSocialService(deps: {
  store: SocialStore
  redis: RedisConnections
  clock: Clock
  logger: Logger
  metrics: Metrics
  /** Told before two who are not hidden from each other will be: a log must not be behind what counts. It may come to nothing. */
  onParting: (personId: string, otherId: string) => Promise<void>
  /** The same before they may not be any more. */
  onUniting: (personId: string, otherId: string) => Promise<void>
  /** Told after the commit, before the caller is answered. */
  onBlocked: (personId: string, otherId: string) => Promise<void>
  onUnblocked: (personId: string, otherId: string) => Promise<void>
  onVisibility: (personId: string, audience: Audience) => Promise<void>
}): SocialService {
  const { store, clock, redis, logger, metrics } = deps
  const trusted = () => changes.trusted()
  const apart = new Memory<ReadonlySet<string>>(peopleRemembered, store.around, trusted)
  const settings = new Memory<VisibilitySettings>(peopleRemembered, loadSettings, trusted)
  const sights = new Sights(hiddenFrom, trusted)
  const outcomes = createOutcomes({ store, logger })
  const changes = createChanges({
    ...{ redis, store, logger, metrics },
    onNotices: learn,
    onGap() {
      apart.clear()
      settings.clear()
      sights.reload()
    },
    onLook() {
      sights.look()
      void outcomes.retry()
    },
  })

  async function loadSettings(personIds: string[]) {
    const found = await store.settings(personIds)
    return new Map(personIds.map((id) => [id, found.get(id) ?? defaultSettings]))
  }

  async function hiddenFrom(personId: string): Promise<ReadonlySet<string>> {
    return apart.peek(personId) ?? (await apart.get([personId])).get(personId) ?? new Set()
  }

  /** Takes what is committed into account, here. */
  function learn(notices: Notice[]) {
    for (const { personId, otherId } of notices) {
      if (otherId === null) settings.forget(personId)
      else {
        for (const id of [personId, otherId]) apart.forget(id)
        sights.part(personId, otherId)
      }
    }
    void outcomes.take(notices)
  }

  /** Tells the other nodes, and resolves when everybody here has been told. */
  async function announce(notice: Notice) {
    changes.send(notice)
    await outcomes.retry()
  }

  /** What others were told of two people may have been overtaken by another node: told again until it is what holds. */
  async function settle(personId: string, otherId: string, told: boolean): Promise<void> {
    const holds = await store.between(personId, otherId)
    if (holds === told) return
    await (holds ? deps.onBlocked(personId, otherId) : deps.onUnblocked(personId, otherId))
    await settle(personId, otherId, holds)
  }

  let closed = false

  async function audienceNow(personId: string): Promise<Audience> {
    return audienceFor((await store.settings([personId])).get(personId) ?? defaultSettings)
  }

  async function settleAudience(personId: string, told: Audience): Promise<void> {
    const holds = await audienceNow(personId)
    if (holds === told) return
    await deps.onVisibility(personId, holds)
    await settleAudience(personId, holds)
  }

  async function audienceOf(personIds: string[]): Promise<Audience[]> {
    const known = await settings.get(personIds)
    return personIds.map((id) => audienceFor(known.get(id) ?? defaultSettings))
  }

  /** Does what could not be done yet as soon as it can be: a block must not wait for it. */
  function insist(work: () => Promise<void>): void {
    if (closed) return
    setTimeout(async () => {
      if (!(await succeeds(work))) insist(work)
    }, insistEveryMs).unref()
  }

  return {
    async block(personId, otherId) {
      if (personId === otherId) throw new BadUserInputError('You cannot block yourself.')
      const parting = () => deps.onParting(personId, otherId)
      const foretold = (await store.between(personId, otherId)) || (await succeeds(parting))
      const id = createId(clock.now())
      const block = await store.insert(id, personId, otherId, clock.now())
      await announce({ id, personId, otherId })
      if (!foretold) insist(parting)
      await deps.onBlocked(personId, otherId)
      await settle(personId, otherId, true)
      return block
    },
    async unblock(personIds, blockId) {
      const block = isId(blockId) ? await store.blockOf(personIds, blockId) : undefined
      if (!block) throw new NotFoundError()
      const { blockerId, blockedId } = block
      await deps.onUniting(blockerId, blockedId)
      const id = createId(clock.now())
      const otherId = await store.remove(id, blockerId, blockId)
      if (!otherId) throw new NotFoundError()
      await announce({ id, personId: blockerId, otherId })
      // The other side's own block may stand.
      await settle(blockerId, otherId, true)
    },
    async blocks(personIds, page) {
      const list = `blocks of ${personIds.join(' ')}`
      const found = await store.blocksOf(personIds, keysetRange(list, page, 'desc'))
      return found.map((block) => ({ item: block, cursor: keysetCursor(list, { key: 0, id: block.id }) }))
    },
    hiddenFrom,
    hiddenFromNow: async (personId) => (await store.around([personId])).get(personId) ?? new Set(),
    audienceOf,
    async visible(viewerId, personIds) {
      if (personIds.length === 0) return []
      const [hidden, audiences] = await Promise.all([hiddenFrom(viewerId), audienceOf(personIds)])
      return personIds.map((id, i) => maySee(viewerId, hidden, id, audiences[i] ?? 'NOBODY'))
    },
    watch: (viewerId) => sights.open(viewerId),
    settingsOf: async (personId) => (await store.settings([personId])).get(personId) ?? defaultSettings,
    async setVisibility(personId, change) {
      if (change.visibility === undefined && change.ghost === undefined)
        throw new BadUserInputError('Say `visibility`, `ghost` or both.')
      const id = createId(clock.now())
      const set = await store.saveSettings(id, personId, change, clock.now())
      await announce({ id, personId, otherId: null })
      await deps.onVisibility(personId, audienceFor(set))
      await settleAudience(personId, audienceFor(set))
      return set
    },
    onChanged: outcomes.onChanged,
    async erase(personId) {
      const erased = await store.erase(personId)
      apart.forget(personId)
      settings.forget(personId)
      return erased
    },
    dropChanges: store.dropChanges,
    close() {
      closed = true
      changes.close()
    },
  }
}

const succeeds = (work: () => Promise<void>): Promise<boolean> =>
  work().then(
    () => true,
    () => false,
  )
