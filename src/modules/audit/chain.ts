import { createHash } from 'node:crypto'

/** An entry as it is chained: every part as the text that the database hashed. */
export interface ChainedEntry {
  seq: number
  /** Milliseconds since 1970. */
  at: string
  actorId: string | null
  action: string
  target: string
  detail: string
  personId: string | null
  personal: string | null
  /** Null where nothing is personal, and once it is erased. */
  personalSalt: Buffer | null
  /** Empty where nothing was ever personal. */
  personalHash: Buffer
  previousHash: Buffer
  hash: Buffer
}

export type AuditProblem =
  /** The entry is not what was written. */
  | 'CHANGED'
  /** What is personal in it is not what was written. */
  | 'PERSONAL_CHANGED'
  /** One or more entries before it are gone. */
  | 'MISSING'
  /** It does not follow the entry before it. */
  | 'OUT_OF_ORDER'
  /** A checkpoint that this deployment did not sign, or of another chain than this. */
  | 'CHECKPOINT_FORGED'
  /** The log ends before a signed checkpoint, or before its own head. */
  | 'CUT_OFF'

export interface AuditFault {
  seq: number
  problem: AuditProblem
}

/** What comes before the first entry. */
export const genesisHash = createHash('sha256').update('vicinity audit log').digest()

const hashOf = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** With its length before it, so that no two entries are written the same way. The trigger of `audit_log` does the same. */
const written = (part: string | null): string => (part === null ? '-' : `${Buffer.byteLength(part)}:${part}`)

export const entryHash = ({ previousHash, personalHash, ...entry }: ChainedEntry): Buffer =>
  hashOf(
    previousHash,
    [String(entry.seq), entry.at, entry.actorId, entry.action, entry.target, entry.detail].map(written).join(''),
    personalHash,
  )

const personalHashOf = (salt: Buffer, personId: string | null, personal: string | null): Buffer =>
  hashOf(salt, written(personId) + written(personal))

/** Whether what is personal is what was written, or was taken out whole. */
function isPersonalIntact({ personId, personal, personalSalt, personalHash }: ChainedEntry): boolean {
  if (personId === null && personal === null) return personalSalt === null
  return personalSalt !== null && personalHashOf(personalSalt, personId, personal).equals(personalHash)
}

/** Follows a chain from its beginning, entry by entry. */
export function createChainReader() {
  let lastSeq = 0
  let lastHash: Buffer = genesisHash
  return {
    /** What is wrong with the next entry. After a fault it goes on from there, so that one change is told once. */
    next(entry: ChainedEntry): AuditFault | undefined {
      const problem = problemOf(entry)
      lastSeq = entry.seq
      lastHash = entry.hash
      return problem && { seq: entry.seq, problem }
    },
    /** Where it has come to. */
    end: () => ({ seq: lastSeq, hash: lastHash }),
  }

  function problemOf(entry: ChainedEntry): AuditProblem | undefined {
    if (entry.seq > lastSeq + 1) return 'MISSING'
    if (entry.seq !== lastSeq + 1 || !entry.previousHash.equals(lastHash)) return 'OUT_OF_ORDER'
    if (!entryHash(entry).equals(entry.hash)) return 'CHANGED'
    return isPersonalIntact(entry) ? undefined : 'PERSONAL_CHANGED'
  }
}
