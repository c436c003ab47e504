// Invariant: what is on the list is known on every node within a second, and who put it there is written down with it.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Postgres } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import type { AuditService } from '../audit/index.ts'
import { maxDistance } from './hash-list.ts'
import { bits } from './hash-memory.ts'
import type { HashStore, ImageHash } from './hash-store.ts'

export interface ImageHashService {
  /**
   * Puts hashes on the list, and answers how many were not there. Refuses other than 1 to 1,000, what is not a hash, and hashes of plain
   * surfaces, which fit every plain image. Repeating it is safe; one that was withdrawn is listed again.
   */
  add(adminId: string, given: { hashes: readonly string[]; label: string; source: string }): Promise<number>
  /** Takes one from the list. Refuses one that never was with NOT_FOUND. Repeating it is safe. */
  withdraw(adminId: string, id: string): Promise<ImageHash>
  /** All there ever were, the newest first. Refuses cursors of other lists. */
  list(page: PageRequest): Promise<Listed<ImageHash>[]>
  byIds(ids: readonly string[]): Promise<Map<string, ImageHash>>
  /** What an account put there is nobody's. Repeating it is safe. */
  erase(accountId: string): Promise<number>
}

const atOnce = 1000
const hashPattern = /^[0-9a-f]{16}$/i
const labelPattern = /^[a-z][a-z0-9_]{0,39}$/
const sourceLength = 200
const list = 'image hashes'

export function createImageHashService(deps: {
  store: HashStore
  postgres: Pick<Postgres, 'transaction'>
  audit: Pick<AuditService, 'write'>
  clock: Clock
}): ImageHashService {
  const { store, postgres, audit, clock } = deps
  return {
    async add(adminId, given) {
      const hashes = checkedHashes(given.hashes)
      const { label } = given
      if (!labelPattern.test(label))
        throw new BadUserInputError('`label` is 1 to 40 characters out of a–z, 0–9 and _, a letter first.', 'label')
      const source = checkedText(given.source, { min: 1, max: sourceLength, field: 'source' })
      const ids = hashes.map(() => createId(clock.now()))
      return postgres.transaction(async (sql) => {
        const added = await store.add(sql, { ids, hashes, label, source, addedBy: adminId })
        const detail = { label, source, added }
        if (added > 0)
          await audit.write(sql, {
            actorId: adminId,
            action: 'ADD_IMAGE_HASHES',
            target: `image-hashes:${label}`,
            detail,
          })
        return added
      })
    },

    async withdraw(adminId, id) {
      if (!isId(id)) throw new NotFoundError()
      return postgres.transaction(async (sql) => {
        const found = await store.withdraw(sql, id)
        if (!found) throw new NotFoundError()
        const { hash, isNew } = found
        const detail = { hash: hash.hash, label: hash.label }
        if (isNew)
          await audit.write(sql, {
            actorId: adminId,
            action: 'WITHDRAW_IMAGE_HASH',
            target: `image-hash:${id}`,
            detail,
          })
        return hash
      })
    },

    async list(page) {
      const found = await store.list(keysetRange(list, page, 'desc'))
      return found.map((item) => ({ item, cursor: keysetCursor(list, { key: item.addedAt.getTime(), id: item.id }) }))
    },

    async byIds(ids) {
      const found = await store.byIds(ids.filter(isId))
      return new Map(found.map((hash) => [hash.id, hash]))
    },

    erase: (accountId) => store.disown(accountId),
  }
}

function checkedHashes(given: readonly string[]): string[] {
  if (given.length < 1 || given.length > atOnce) throw new BadUserInputError(`1 to ${atOnce} hashes at once.`, 'hashes')
  const hashes = [...new Set(given.map((hash) => hash.toLowerCase()))]
  for (const hash of hashes) {
    if (!hashPattern.test(hash)) throw new BadUserInputError('A hash is 16 hexadecimal digits.', 'hashes')
    // A plain surface gets nowhere brighter, or everywhere: it would be found in every sheet of paper.
    const set = bits(Number.parseInt(hash.slice(0, 8), 16)) + bits(Number.parseInt(hash.slice(8), 16))
    if (set <= maxDistance || set >= 64 - maxDistance)
      throw new BadUserInputError(`${hash} is the hash of a plain surface.`, 'hashes')
  }
  return hashes
}
