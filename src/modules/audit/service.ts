// Invariant: what staff and the system did is written down with it, in one chain that nobody can change without being found out.
import { BadUserInputError } from '../../platform/errors.ts'
import { isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Sql } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import { createCheckpointSigner, type LogEnd } from './checkpoints.ts'
import type { AuditEntry, AuditFilter, AuditRecord, AuditStore } from './store.ts'
import { type AuditVerdict, verifyLog } from './verification.ts'

export interface AuditService {
  /** Writes down, in the transaction of what is done. Its lock is held until that ends: make it the last statement. */
  write(sql: Sql, record: AuditRecord): Promise<void>
  /** Reads something private for staff: nobody is answered before the word about it is committed. */
  reading<T>(record: AuditRecord, work: (sql: Sql) => Promise<T>): Promise<T>
  /** The newest first. Reading the log is written down as well. Refuses filters that nothing can be found by, and cursors of other lists. */
  entries(actorId: string, filter: AuditFilter, page: PageRequest): Promise<Listed<AuditEntry>[]>
  /** Signs the log as far as it goes. Repeating it is safe. */
  checkpoint(): Promise<void>
  /** Reads the whole log and tells every place where it is not what was written; `expect`: an end noted down before. Changes nothing. */
  verify(expect?: LogEnd): Promise<AuditVerdict>
  /** Takes out what is personal of a person; the chain holds. Repeating it is safe. */
  erase(personId: string): Promise<number>
}

/** Lists are sorted by seq alone. */
const filterLength = 200
const noId = '00000000-0000-0000-0000-000000000000'

export function createAuditService({ store, secret }: { store: AuditStore; secret: string }): AuditService {
  const signer = createCheckpointSigner(secret)
  return {
    write: store.insert,
    reading: store.reading,
    async entries(actorId, filter, page) {
      checkFilter(filter)
      const list = `audit ${JSON.stringify(filter)}`
      const range = keysetRange(list, page, 'desc')
      const { personId, ...asked } = filter
      const record = { actorId, action: 'READ_AUDIT_LOG', target: 'audit', detail: { ...asked }, personId }
      return store.reading(record, async (sql) => {
        const found = await store.list(sql, filter, range)
        return found.map((item) => ({ item, cursor: keysetCursor(list, { key: item.seq, id: noId }) }))
      })
    },
    async checkpoint() {
      const head = await store.head()
      if (head.seq > 0) await store.addCheckpoint(signer.sign(head))
    },
    async verify(expect) {
      const [head, checkpoints] = [await store.head(), await store.checkpoints()]
      return verifyLog({ entries: store.chained(), checkpoints, head, signer, expect })
    },
    erase: store.erase,
  }
}

function checkFilter({ actorId, personId, action, target }: AuditFilter): void {
  for (const [field, id] of Object.entries({ actorId, accountId: personId }))
    if (id !== null && !isId(id)) throw new BadUserInputError('This is not the id of an account.', field)
  for (const [field, text] of Object.entries({ action, target }))
    if (text !== null) checkedText(text, { min: 1, max: filterLength, field })
}
