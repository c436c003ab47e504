import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job } from '../../sdk/src/messenger/jobs.ts'
import { everything } from '../../sdk/src/store/storage.ts'
import { betterSqlite3, memoryStorage, sqliteStorage } from '../../sdk/src/store.ts'
import { createAccount, rawId } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { openDirect, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'
import { likeBetterSqlite3, unlock } from './adapters.ts'
import { seeded, shownOn } from './histories.ts'
import { RealDevice } from './real-device.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ DATABASE_POOL_SIZE: '10' })
  other = await app.node()
})

const folder = mkdtempSync(join(tmpdir(), 'vicinity-thousand-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A file that is opened by one process after the other; what a killed one has open is not closed in good order. */
function fileOf(name: string) {
  const path = join(folder, name)
  let close: (() => unknown) | undefined
  return {
    open() {
      const database = likeBetterSqlite3(path)
      // Processes are killed here, not machines: what the system has been given is there.
      database.exec('pragma synchronous = off')
      close = () => database.close()
      return sqliteStorage(betterSqlite3(database))
    },
    killed() {
      close?.()
      unlock(path)
    },
  }
}

/** What the server has of a conversation: names of messages in their order. */
async function namesAt(id: string): Promise<string[]> {
  const text = `select client_id from conversation_entries where conversation_id = $1 and kind = 'MESSAGE' order by seq`
  const { rows } = await app.postgres.pool.query<{ client_id: string }>(text, [rawId(id)])
  return rows.map((row) => row.client_id)
}

// FUZZ_TIMES=4: a thousand messages and 20 kills.
test('messages written offline arrive once and in order, with 30 % of the answers lost and many kills', async () => {
  const [ann, ...others] = await Promise.all([createAccount(app), createAccount(app), createAccount(app)])
  const ids = [await openDirect(ann, others[0]!), await openDirect(ann, others[1]!)]
  const file = fileOf('ann.db')
  const phone = new RealDevice({ app, account: ann, open: file.open, random: seeded(7) })
  await eventually(phone.messenger.phase.get, (phase) => phase === 'live', 20_000)
  phone.setOnline(false)
  const keys = new Map<string, string[]>(ids.map((id) => [id, []]))
  for (let n = 0; n < rounds(1000); n++) {
    const id = ids[n % 2]!
    keys.get(id)!.push(await phone.messenger.send(id, `message ${n}`))
  }
  phone.lostAnswers = 0.3
  phone.setOnline(true)
  for (let kills = 1; kills <= rounds(20); kills++) {
    const goal = phone.answered.length + 50
    await eventually(
      () => phone.answered.length,
      (count) => count >= goal,
      60_000,
    )
    file.killed()
    phone.kill({ app: kills % 2 ? other : app, storage: file.open() })
  }
  const waiting = () =>
    phone.storage.transaction('read', async (tx) => (await tx.range<Job>('outbox', { ...everything, limit: 1 })).length)
  await eventually(waiting, (count) => count === 0, 120_000)
  for (const id of ids) {
    expect(await namesAt(id)).toEqual(keys.get(id))
    await send(ann, id, 'the end')
    const shown = async () => (await shownOn(phone, id)).messages.at(-1)?.body
    await eventually(shown, (body) => body === 'the end', 10_000)
    while (await phone.messenger.loadOlder(id, 500));
    const kept = await phone.storage.transaction('read', (tx) => tx.range<{ clientId: string }>('messages', everything))
    const own = kept.filter(({ key }) => key.startsWith(id)).map(({ value }) => value.clientId)
    expect(own.slice(0, -1)).toEqual(keys.get(id))
  }
}, 240_000)

test('sent again after a week a message is the same; with another text it is refused, and shown as refused', async () => {
  const [ann, bob] = await Promise.all([createAccount(app), createAccount(app)])
  const id = await openDirect(ann, bob)
  const storage = memoryStorage()
  const phone = new RealDevice({ app, account: ann, open: () => storage })
  await eventually(phone.messenger.phase.get, (phase) => phase === 'live', 20_000)
  phone.setOnline(false)
  const key = await phone.messenger.send(id, 'only once')
  phone.kill()
  // As if it had arrived, and nobody here had heard of that.
  const sent = await send(ann, id, 'only once', { clientId: key })
  const again = { ...ann, ...(await app.services.identity.mintSignIn(ann.accountId)) }
  app.clock.advance(7 * 24 * 3_600_000)
  expect((await shownOn(phone, id)).messages.map(({ status }) => status)).toEqual(['pending'])
  phone.setOnline(true)
  const statuses = async () => (await shownOn(phone, id)).messages.map(({ status }) => status)
  await eventually(statuses, (found) => found.join() === 'sent', 10_000)
  expect(await namesAt(id)).toEqual([key])
  expect((await shownOn(phone, id)).messages.map((message) => message.id)).toEqual([sent.id])

  const rewritten = new RealDevice({
    ...{ app, account: again, open: memoryStorage },
    options: { newClientId: () => key },
  })
  await eventually(rewritten.messenger.phase.get, (phase) => phase === 'live', 20_000)
  await rewritten.messenger.send(id, 'another text')
  const shown = async () =>
    (await shownOn(rewritten, id)).messages.map(({ body, status, code }) => [body, status, code])
  await eventually(shown, (found) => found[1]?.[1] === 'failed', 10_000)
  expect(await shown()).toEqual([
    ['only once', 'sent', null],
    ['another text', 'failed', 'IDEMPOTENCY_MISMATCH'],
  ])
})
