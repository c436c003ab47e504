import { createRandom } from '../../scripts/kit/random.ts'
import { demanded } from '../../src/modules/enforcement/effects.ts'
import type { ContentState, Decision, ModerationAction, SubjectName } from '../../src/modules/enforcement/index.ts'
import { createAccount } from '../kit/accounts.ts'
import { createTestApp } from '../kit/app.ts'
import { createGroup, send } from '../kit/conversations.ts'
import { decidedOf, faultsOf, newDecision } from '../kit/decisions.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'
import { run } from '../kit/process.ts'

const actions: ModerationAction[] = ['WARN', 'HIDE', 'REMOVE', 'SHADOW', 'MUTE', 'RESTRICT']

test('two workers on one backlog, one of them killed again and again: every effect is there once', async () => {
  const app = await createTestApp()
  const random = createRandom(5)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const group = await createGroup(ann, [ben])
  const subjects: [SubjectName, string][] = []
  for (let count = 0; count < 30; count += 1) {
    const who = pick([ann, ben])
    const { seq } = await send(who, group, `hello ${count}`)
    const conversationId = Buffer.from(group, 'base64').toString().split(':')[1]
    subjects.push([{ kind: 'MESSAGE', id: `${conversationId}:${seq}` }, who.accountId])
  }
  const { enforcement } = app.services
  const ids: string[] = []
  await app.postgres.transaction(async (sql) => {
    while (ids.length < rounds(600)) {
      const [subject, ownerId] = pick(subjects)
      ids.push((await enforcement.decide(sql, newDecision(subject, ownerId, pick(actions)))).id)
    }
  })

  const { databaseUrl, redisUrl, redisPrefix, secret } = app.config
  const start = async () => {
    const worker = run(['dist/src/worker.js'], {
      ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, REDIS_PREFIX: redisPrefix, VICINITY_SECRET: secret },
      ...{ LOG_LEVEL: 'info' },
    })
    await worker.says('working')
    return worker
  }
  const left = async () => (await decidedOf(app, ids)).filter(({ state }) => state !== 'APPLIED').length
  const workers = await Promise.all([start(), start()])
  let killed = 0
  for (; (await left()) > 0 && killed < rounds(8); killed += 1) {
    const index = killed % 2
    workers[index]?.child.kill('SIGKILL')
    await workers[index]?.ended
    workers[index] = await start()
  }
  await eventually(left, (count) => count === 0, 20_000)
  for (const { child, ended } of workers) {
    child.kill('SIGTERM')
    await ended
  }

  expect(killed).toBeGreaterThan(0)
  expect(await faultsOf(app, ids)).toEqual([])
  const decided = await decidedOf(app, ids)
  const { rows } = await app.postgres.pool.query<{ id: string; state: ContentState }>(
    `select conversation_id || ':' || seq as id, content_state as state from conversation_entries where kind = 'MESSAGE'`,
  )
  for (const { id, state } of rows) {
    const standing = decided
      .filter((one) => one.subject_id === id)
      .map((one) => ({ ...one, subject: { kind: 'MESSAGE' } }))
    expect([id, state]).toEqual([id, demanded(standing as unknown as Decision[])?.state ?? 'VISIBLE'])
  }
}, 180_000)
