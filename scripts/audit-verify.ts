import { parseArgs } from 'node:util'
import { readConfig } from '../src/config.ts'
import { type AuditFault, type AuditVerdict, createAuditService, createAuditStore } from '../src/modules/audit/index.ts'
import { startEmbedded } from '../src/platform/embedded/index.ts'
import { createLogger } from '../src/platform/logger.ts'
import { requireMigrated } from '../src/platform/migrations.ts'
import { createPostgres } from '../src/platform/postgres.ts'
import { StartupError } from '../src/platform/startup-error.ts'

const usage = `npm run audit:verify                          reads the whole audit log, and fails if it is not what was written
npm run audit:verify -- --expect SEQ:HASH     also that this entry, noted down from an earlier run, is there as it was

Of DATABASE_URL with VICINITY_SECRET, or of the Postgres that npm start brings along, once that is stopped. Changes nothing.`

/** What is wrong, and what it means. */
const meaning: Record<AuditFault['problem'], string> = {
  CHANGED: 'the entry is not what was written',
  PERSONAL_CHANGED: 'what is personal in the entry is not what was written',
  MISSING: 'entries before this one are gone',
  OUT_OF_ORDER: 'the entry does not follow the one before it',
  CHECKPOINT_FORGED: 'the checkpoint was not signed with this secret, or is of another log',
  CUT_OFF: 'the log ends before this place, which it had reached',
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof StartupError)) throw error
  console.error(`\n${error.message}\n→ ${error.remedy}\n`)
  process.exitCode = 1
}

async function main(): Promise<number> {
  const { help, expect } = options()
  if (help) return say(usage, 0)
  const { databaseUrl: given, secret: ownSecret, dataDir, logLevel } = readConfig()
  const need = { postgres: !given, redis: false }
  const embedded = given && ownSecret ? undefined : await startEmbedded({ dataDir, need, say: console.log })
  try {
    const url = given ?? (embedded?.databaseUrl as string)
    await requireMigrated(url)
    const postgres = createPostgres({ url, poolSize: 1, logger: createLogger({ level: logLevel }) })
    const secret = ownSecret ?? (embedded?.secret as string)
    const audit = createAuditService({ store: createAuditStore(postgres), secret })
    return report(await audit.verify(expect).finally(postgres.close))
  } finally {
    await embedded?.close()
  }
}

function report({ entries, checkpoints, erased, faults, end }: AuditVerdict): number {
  for (const { seq, problem } of faults)
    console.log(`  ${String(seq).padStart(9)}  ${problem.padEnd(18)}${meaning[problem]}`)
  const read = `${entries} entries, ${checkpoints} checkpoints; what was personal is erased in ${erased}`
  if (faults.length > 0) return say(`\n${read}\nNot as it was written: ${faults.length} faults.`, 1)
  if (end.seq === 0) return say('Nothing is in it yet.', 0)
  return say(`${read}\nAs it was written. Note this down: ${end.seq}:${end.hash.toString('hex')}`, 0)
}

function options() {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' }, expect: { type: 'string' } } })
    const [, seq, hash] =
      values.expect === undefined ? [] : (/^([1-9]\d{0,9}):([0-9a-f]{64})$/.exec(values.expect) ?? [])
    if (values.expect !== undefined && seq === undefined)
      throw new Error(`"${values.expect}" is not SEQ:HASH as an earlier run printed it.`)
    const expect = seq && hash ? { seq: Number(seq), hash: Buffer.from(hash, 'hex') } : undefined
    return { help: values.help === true, expect }
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error), `\n${usage}`)
  }
}

function say(text: string, code: number): number {
  console.log(text)
  return code
}
