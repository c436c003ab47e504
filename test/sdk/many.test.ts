import { memoryStorage } from '../../sdk/src/store.ts'
import { createId } from '../../src/platform/ids.ts'
import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { runs } from '../kit/fuzz.ts'
import { RealDevice } from './real-device.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ DATABASE_POOL_SIZE: '10' })
})

// FUZZ_TIMES=13 makes it ten thousand.
const count = Math.min(10_000, runs(800).numRuns)

/** Groups of two with one message each, all of the same account. */
async function insertGroups(accountId: string, otherId: string): Promise<string[]> {
  const ids = Array.from({ length: count }, () => createId(app.clock.now()))
  const { pool } = app.postgres
  await pool.query(
    `insert into conversations (id, kind, name, last_seq, members_seq, last_message_at)
     select id, 'GROUP', 'Group ' || n, 2, 1, now() - n * interval '1 second' from unnest($1::uuid[]) with ordinality as g (id, n)`,
    [ids],
  )
  await pool.query(
    `insert into conversation_members (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq)
     select id, account_id, 'MEMBER', 1, 1, 2 from unnest($1::uuid[]) as id, unnest($2::uuid[]) as account_id`,
    [ids, [accountId, otherId]],
  )
  await pool.query(
    `insert into conversation_entries (conversation_id, seq, kind, actor_id, client_id, body)
     select id, seq, case seq when 1 then 'CREATED' else 'MESSAGE' end::"EntryKind", $2::uuid, case seq when 2 then id::text end,
       case seq when 2 then 'hello' end from unnest($1::uuid[]) as id, generate_series(1, 2) as seq`,
    [ids, otherId],
  )
  return ids.map((id) => Buffer.from(`Conversation:${id}`).toString('base64'))
}

test('thousands of conversations are all there, killed in the middle or not, and then only what changed is asked for', async () => {
  const [ann, bob] = await Promise.all([createAccount(app), createAccount(app)])
  const ids = await insertGroups(ann.accountId, bob.accountId)
  const storage = memoryStorage()
  const phone = new RealDevice({ app, account: ann, open: () => storage, options: { sendsDelivered: false } })
  const pages = () => phone.answered.filter((name) => name === 'SyncBootstrap').length
  await eventually(pages, (found) => found > 10, 60_000)
  phone.kill()
  await eventually(phone.messenger.phase.get, (phase) => phase === 'live', 120_000)
  // Once each, but for the page that was under way.
  expect(pages()).toBeLessThanOrEqual(count / 50 + 2)
  const list = phone.messenger.conversations()
  const stop = list.subscribe(() => undefined)
  await eventually(
    () => list.get().length,
    (found) => found === count,
    30_000,
  )
  expect(new Set(list.get().map(({ id }) => id))).toEqual(new Set(ids))
  expect(list.get().every(({ unreadCount, lastMessage }) => unreadCount === 1 && lastMessage?.body === 'hello')).toBe(
    true,
  )
  phone.setOnline(false)
  for (const id of [ids[3]!, ids[count - 1]!]) await send(bob, id, 'news')
  phone.answered = []
  phone.kill()
  phone.setOnline(true)
  const later = phone.messenger.conversations()
  const leave = later.subscribe(() => undefined)
  const first = () => later.get().slice(0, 2)
  await eventually(
    first,
    (found) => found.length === 2 && found.every((one) => one.lastMessage?.body === 'news'),
    30_000,
  )
  expect(later.get()).toHaveLength(count)
  expect(phone.answered.filter((name) => name.startsWith('Sync')).length).toBeLessThan(12)
  stop()
  leave()
}, 240_000)
