import { createRandom } from '../../scripts/kit/random.ts'
import type { ModerationAction, SubjectName, SubjectSources } from '../../src/modules/enforcement/index.ts'
import { createId } from '../../src/platform/ids.ts'
import type { Postgres, Sql } from '../../src/platform/postgres.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createThings, decidedOf, enforcementOn, faultsOf, newDecision } from '../kit/decisions.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const actions: ModerationAction[] = ['WARN', 'HIDE', 'REMOVE', 'SHADOW', 'MUTE', 'RESTRICT', 'BAN']

/** A process that is killed after so many steps: nothing of it happens any more, and what was not committed is taken back. */
function mortal(postgres: Postgres, sources: SubjectSources, steps: number) {
  let left = steps
  const step = () => {
    left -= 1
    if (left <= 0) throw new Error('killed')
  }
  const through =
    (sql: Sql): Sql =>
    async (statement, values) => {
      step()
      return sql(statement, values)
    }
  const own: Postgres = {
    ...postgres,
    sql: through(postgres.sql),
    async transaction(work) {
      step()
      const result = await postgres.transaction(async (sql) => {
        const done = await work(through(sql))
        step()
        return done
      })
      step()
      return result
    },
  }
  const dying = Object.fromEntries(
    Object.entries(sources).map(([kind, source]) => [
      kind,
      {
        ...source,
        async setState(...given: Parameters<typeof source.setState>) {
          step()
          const done = await source.setState(...given)
          step()
          return done
        },
      },
    ]),
  ) as SubjectSources
  return { postgres: own, sources: dying, isDead: () => left <= 0 }
}

test('whatever is killed wherever, and whoever works beside: every effect is there once', async () => {
  const random = createRandom(20_261_121)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const things = createThings()
  const owners = Array.from({ length: 30 }, () => createId(app.clock.now()))
  const people = 'insert into devices (id, registration) select id, id::text from unnest($1::uuid[]) as g(id)'
  await app.postgres.pool.query(people, [owners])
  const subjects: [SubjectName, string][] = Array.from({ length: 80 }, () => {
    const ownerId = pick(owners)
    return [things.add(pick(['VENUE', 'MESSAGE', 'EVENT'] as const), ownerId), ownerId]
  })
  const maker = enforcementOn(app, things)
  const ids: string[] = []
  await app.postgres.transaction(async (sql) => {
    for (let count = 0; count < 300; count += 1) {
      const [subject, ownerId] = pick(subjects)
      ids.push((await maker.decide(sql, newDecision(subject, ownerId, pick(actions)))).id)
    }
  })

  let killed = 0
  async function work() {
    for (;;) {
      const self = mortal(app.postgres, things.sources, 20 + Math.floor(random() * 400))
      const worker = enforcementOn(app, { ...things, sources: self.sources }, self.postgres)
      while (!self.isDead()) {
        await worker.sweep().catch(() => undefined)
        if ((await decidedOf(app, ids)).every(({ state }) => state === 'APPLIED' || state === 'REVERTED')) return
      }
      killed += 1
    }
  }
  async function undoSome() {
    for (const id of ids.filter(() => random() < 0.4)) {
      const given = { by: null, reason: 'a mistake' }
      await app.postgres.transaction((sql) => maker.revert(sql, id, given)).catch(() => undefined)
    }
  }
  await Promise.all([work(), work(), undoSome()])
  await work()

  expect(killed).toBeGreaterThan(5)
  const decided = await decidedOf(app, ids)
  expect(decided.filter(({ state }) => state === 'REVERTED').length).toBeGreaterThan(50)
  expect(await faultsOf(app, ids, things)).toEqual([])
}, 90_000)
