import { type AuditFault, type ChainedEntry, createChainReader, genesisHash } from './chain.ts'
import type { Checkpoint, CheckpointSigner, LogEnd } from './checkpoints.ts'

export interface AuditVerdict {
  entries: number
  checkpoints: number
  /** How many had something personal that was erased since. */
  erased: number
  /** The first hundred, in the order of the log. None: the log is what was written. */
  faults: AuditFault[]
  end: LogEnd
}

const faultsAtMost = 100

/**
 * Reads a log from its beginning: any change, deletion or reordering of entries is found, and any cutting off before the last
 * checkpoint. What was done after that by somebody who can write in the database and knows how entries are chained is not: it is
 * found by comparing `end` with one noted down before.
 */
export async function verifyLog(log: {
  entries: AsyncIterable<ChainedEntry> | Iterable<ChainedEntry>
  /** In the order of their seqs. */
  checkpoints: readonly Checkpoint[]
  /** The row that the next entry is chained to, as it was before the first was read. */
  head: LogEnd
  signer: CheckpointSigner
  /** An end that was noted down before. */
  expect?: LogEnd | undefined
}): Promise<AuditVerdict> {
  const { checkpoints, head, signer, expect } = log
  const faults: AuditFault[] = []
  const fault = (found: AuditFault | undefined) => {
    if (found && faults.length < faultsAtMost) faults.push(found)
  }
  const chain = createChainReader()
  let entries = 0
  let erased = 0
  let signed = 0
  let atHead: LogEnd = { seq: 0, hash: genesisHash }
  for await (const entry of log.entries) {
    fault(chain.next(entry))
    entries += 1
    if (entry.personalHash.length > 0 && entry.personalSalt === null) erased += 1
    if (entry.seq === expect?.seq && !entry.hash.equals(expect.hash)) fault({ seq: entry.seq, problem: 'CHANGED' })
    if (entry.seq <= head.seq) atHead = { seq: entry.seq, hash: entry.hash }
    for (; (checkpoints[signed]?.seq ?? Number.POSITIVE_INFINITY) <= entry.seq; signed += 1)
      fault(forged(checkpoints[signed] as Checkpoint, entry))
  }
  for (const { seq } of checkpoints.slice(signed)) fault({ seq, problem: 'CUT_OFF' })
  if (expect && expect.seq > chain.end().seq) fault({ seq: expect.seq, problem: 'CUT_OFF' })
  if (atHead.seq !== head.seq || !atHead.hash.equals(head.hash)) fault({ seq: head.seq, problem: 'CUT_OFF' })
  return { entries, checkpoints: checkpoints.length, erased, faults, end: chain.end() }

  function forged(checkpoint: Checkpoint, { seq, hash }: LogEnd): AuditFault | undefined {
    const holds = checkpoint.seq === seq && checkpoint.hash.equals(hash) && signer.holds(checkpoint)
    return holds ? undefined : { seq: checkpoint.seq, problem: 'CHECKPOINT_FORGED' }
  }
}
