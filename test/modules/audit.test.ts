import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import type { ChainedEntry } from '../../src/modules/audit/chain.ts'
import { createCheckpointSigner } from '../../src/modules/audit/checkpoints.ts'
import { type AuditRecord, createAuditStore } from '../../src/modules/audit/index.ts'
import { verifyLog } from '../../src/modules/audit/verification.ts'
import { createId } from '../../src/platform/ids.ts'
import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { runs } from '../kit/fuzz.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { run } from '../kit/process.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const write = (on: TestApp, record: Partial<AuditRecord> = {}) =>
  on.postgres.transaction((sql) =>
    on.services.audit.write(sql, { actorId: null, action: 'TRY', target: 'try:1', detail: { n: 1 }, ...record }),
  )
const faults = async (on = app) => (await on.services.audit.verify()).faults

/** Does what only somebody can do who owns the database, and has switched its triggers off. */
async function tamper(own: TestApp, statement: string) {
  const client = await own.postgres.pool.connect()
  try {
    await client.query("set session_replication_role = 'replica'")
    await client.query(statement)
  } finally {
    await client.query("set session_replication_role = 'origin'")
    client.release()
  }
}

test('what two nodes write at once is one chain without a gap', async () => {
  for (let i = 0; i < 20; i += 1)
    await Promise.all(Array.from({ length: 10 }, (_, n) => write(n % 2 ? app : other, { detail: { i, n } })))
  const { entries, faults: found, end } = await app.services.audit.verify()
  expect([entries, found, end.seq]).toEqual([200, [], 200])
})

test('nothing in the log can be changed or taken out, only what is personal, and that whole', async () => {
  const personId = createId(app.clock.now())
  await write(app, { personId, personal: { excerpt: 'what they said' } })
  const refused = [
    "update audit_log set action = 'OTHER' where seq = 1",
    'delete from audit_log where seq = 1',
    'truncate audit_log',
    `update audit_log set personal = '{}' where person_id = '${personId}'`,
    `update audit_log set personal = null where person_id = '${personId}'`,
    'delete from audit_checkpoints',
  ]
  await app.services.audit.checkpoint()
  for (const statement of refused) await expect(app.postgres.pool.query(statement)).rejects.toThrow(/is only added to/)
  expect(await app.services.audit.erase(personId)).toBe(1)
  expect(await app.services.audit.erase(personId)).toBe(0)
  const { faults: found, erased } = await app.services.audit.verify()
  expect([found, erased]).toEqual([[], 1])
})

test('whatever is done to the rows behind its back is found, and where', async () => {
  const own = await createTestApp()
  for (let i = 1; i <= 6; i += 1) await write(own, { personId: createId(own.clock.now()), personal: { i } })
  await own.services.audit.checkpoint()
  const cases: [statement: string, undo: string | null, problem: string][] = [
    [
      'update audit_log set detail = \'{"n": 2}\' where seq = 2',
      'update audit_log set detail = \'{"n": 1}\' where seq = 2',
      'CHANGED',
    ],
    [
      'update audit_log set personal = \'{"i": 9}\' where seq = 3',
      'update audit_log set personal = \'{"i": 3}\' where seq = 3',
      'PERSONAL_CHANGED',
    ],
    ["update audit_checkpoints set signature = '\\x00'", null, 'CHECKPOINT_FORGED'],
    ['delete from audit_checkpoints', null, ''],
    ['delete from audit_log where seq = 6', null, 'CUT_OFF'],
    ['delete from audit_log where seq = 4', null, 'MISSING'],
  ]
  for (const [statement, undo, problem] of cases) {
    await tamper(own, statement)
    expect((await faults(own)).map((fault) => fault.problem)).toEqual(
      problem === '' ? [] : expect.arrayContaining([problem]),
    )
    if (undo) await tamper(own, undo)
  }
})

test('whatever single thing is changed, left out, moved or doubled is found', async () => {
  const own = await createTestApp()
  const signer = createCheckpointSigner(own.config.secret)
  const ids = Array.from({ length: 3 }, () => createId(own.clock.now()))
  for (let i = 0; i < 24; i += 1)
    await write(own, { personId: ids[i % 4] ?? null, personal: i % 4 < 3 ? { i } : null, target: `case:${i % 5}` })
  await own.services.audit.checkpoint()
  const store = createAuditStore(own.postgres)
  const entries: ChainedEntry[] = []
  for await (const entry of store.chained()) entries.push(entry)
  const [head, checkpoints] = [await store.head(), await store.checkpoints()]
  const found = async (log: ChainedEntry[]) =>
    (await verifyLog({ entries: log, checkpoints, head, signer })).faults.length
  expect(await found(entries)).toBe(0)

  const at = fc.nat(entries.length - 1)
  const someText = fc.string({ minLength: 1, maxLength: 20 })
  const someBytes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
  const field = fc.oneof(
    fc.record({ at: fc.nat().map(String) }),
    fc.record({ actorId: fc.uuid() }),
    fc.record({ action: someText }),
    fc.record({ target: someText }),
    fc.record({ detail: someText }),
    fc.record({ personId: fc.uuid() }),
    fc.record({ personal: someText }),
    fc.record({ personalSalt: someBytes }),
    fc.record({ personalHash: someBytes }),
    fc.record({ previousHash: someBytes }),
    fc.record({ hash: someBytes }),
  )
  const change = fc.oneof(
    fc.tuple(at, field).map(([i, to]) => entries.with(i, { ...(entries[i] as ChainedEntry), ...to })),
    at.map((i) => entries.toSpliced(i, 1)),
    at.map((i) => entries.slice(0, i)),
    fc.tuple(at, at).map(([from, to]) => {
      const moved = entries.toSpliced(from, 1)
      return moved.toSpliced(to, 0, entries[from] as ChainedEntry)
    }),
    fc.tuple(at, at).map(([from, to]) => entries.toSpliced(to, 0, entries[from] as ChainedEntry)),
  )
  const same = (log: ChainedEntry[]) =>
    log.length === entries.length && log.every((entry, i) => isSame(entry, entries[i]))
  await fc.assert(
    fc.asyncProperty(change, async (log) => {
      fc.pre(!same(log))
      expect(await found(log)).toBeGreaterThan(0)
    }),
    runs(2500),
  )
})

const isSame = (one: ChainedEntry, other?: ChainedEntry) => JSON.stringify(one) === JSON.stringify(other)

test('what staff is shown is written down before it is answered, or is not shown', async () => {
  const record = { actorId: null, action: 'READ_EVIDENCE', target: 'case:1' }
  const holder = await app.postgres.pool.connect()
  try {
    await holder.query('begin')
    await holder.query('select 1 from audit_head for update')
    await expect(app.services.audit.reading(record, async () => 'private')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
  } finally {
    await holder.query('rollback')
    holder.release()
  }
  expect(await app.services.audit.reading(record, async () => 'private')).toBe('private')
  const { rows } = await app.postgres.pool.query(
    "select count(*)::int as n from audit_log where action = 'READ_EVIDENCE'",
  )
  expect(rows).toEqual([{ n: 1 }])
})

const logQuery = `query ($filter: AuditFilter, $first: Int, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    edges { node { seq at actorId action target detail personId personal hash } } pageInfo { endCursor hasNextPage } } }`
type Log = {
  auditLog: { edges: { node: Record<string, unknown> }[]; pageInfo: { endCursor: string; hasNextPage: boolean } }
}

test('ADMIN reads it page by page, newest first, by what and whom it is about; each page is an entry itself', async () => {
  const own = await createTestApp()
  const admin = await createStaff(own)
  const { accountId } = await createAccount(own)
  for (let i = 0; i < 5; i += 1)
    await write(own, { actorId: admin.id, action: i % 2 ? 'ODD' : 'EVEN', personId: accountId })
  const read = async (variables: object) =>
    (await ask<Log>(own, logQuery, { ...variables }, { token: admin.token })).data?.auditLog as Log['auditLog']
  const first = await read({ first: 2, filter: { action: 'EVEN' } })
  expect(first.edges.map(({ node }) => node['seq'])).toEqual([5, 3])
  const rest = await read({ first: 2, filter: { action: 'EVEN' }, after: first.pageInfo.endCursor })
  expect([rest.edges.map(({ node }) => node['seq']), rest.pageInfo.hasNextPage]).toEqual([[1], false])
  const about = await read({ filter: { accountId: Buffer.from(`Account:${accountId}`).toString('base64') }, first: 1 })
  expect(about.edges[0]?.node).toMatchObject({ seq: 5, action: 'EVEN', personId: accountId })
  expect((await read({ filter: { action: 'READ_AUDIT_LOG' } })).edges).toHaveLength(3)
  for (const role of ['MODERATOR', 'ORGANIZER']) {
    const { token } = await createStaff(own, role)
    expect(codeOf(await ask(own, logQuery, {}, { token }))).toBe('FORBIDDEN')
  }
  expect(codeOf(await ask(own, logQuery))).toBe('UNAUTHENTICATED')
})

test('npm run audit:verify says whether it is as it was written, also since an end that was noted down', async () => {
  const own = await createTestApp()
  for (let i = 0; i < 3; i += 1) await write(own)
  const env = { DATABASE_URL: own.config.databaseUrl, VICINITY_SECRET: own.config.secret }
  const verify = (...args: string[]) => run(['dist/scripts/audit-verify.js', ...args], env).ended
  const { code, output } = await verify()
  const noted = /Note this down: (3:[0-9a-f]{64})\n$/.exec(output)?.[1] as string
  expect([code, noted !== undefined]).toEqual([0, true])
  await tamper(own, "update audit_log set action = 'OTHER' where seq = 2")
  expect(await verify('--expect', noted)).toMatchObject({ code: 1, output: expect.stringContaining('2  CHANGED') })
  const cut = await verify('--expect', `7:${randomBytes(32).toString('hex')}`)
  expect(cut.output).toContain('7  CUT_OFF')
  expect(await verify('--expect', 'nonsense')).toMatchObject({ code: 1, output: expect.stringContaining('SEQ:HASH') })
})
