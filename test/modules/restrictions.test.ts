import { createTestApp, type TestApp } from '../kit/app.ts'
import { rounds } from '../kit/fuzz.ts'
import { askGate, createPerson, impose } from '../kit/gate.ts'
import { createRedisMonitor } from '../kit/monitor.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const minuteMs = 60 * 1000
const revoke = async (personId: string, which: { id: string } | { decisionId: string }, on = app) => {
  const { gate } = on.services
  const revoked = await on.postgres.transaction((sql) => gate.restrictions.revoke(sql, { ...which, by: null }))
  await gate.refresh(personId)
  return revoked
}
const stateKey = (personId: string) => app.redis.key('gate', `{${personId}}`, 'state')
const passes = { hiddenBy: null }

test('a restriction holds on every node, and ends to the millisecond', async () => {
  const personId = await createPerson(app)
  const atMs = app.clock.now()
  await impose(app, { personId, kind: 'MUTE', minutes: 10 })
  for (const on of [app, other]) {
    const refused = await askGate(on, personId).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'FORBIDDEN', restriction: 'MUTE', explanation: 'For a test.', surface: null })
    const { retryAfterMs } = refused as { retryAfterMs: number }
    expect(retryAfterMs).toBeLessThanOrEqual(10 * minuteMs)
    expect(retryAfterMs).toBeGreaterThanOrEqual(10 * minuteMs - (app.clock.now() - atMs))
  }
  app.clock.advance(10 * minuteMs)
  expect(await askGate(app, personId)).toMatchObject(passes)
  app.clock.advance(-10 * minuteMs)
})

test('a global one stops every surface, one of a surface no other', async () => {
  const [everywhere, there] = [await createPerson(app), await createPerson(app)]
  await impose(app, { personId: everywhere, kind: 'BLOCK', minutes: 60 })
  await impose(app, { personId: there, kind: 'BLOCK', minutes: 60, surface: 'MESSAGE' })
  for (const surface of [
    'MESSAGE',
    'ACTIVITY',
    'ACTIVITY_MESSAGE',
    'PROFILE',
    'INVITE',
    'VENUE',
    'EVENT',
    'REPORT',
  ] as const) {
    await expect(askGate(app, everywhere, { surface })).rejects.toMatchObject({ restriction: 'BLOCK' })
    const asked = askGate(app, there, { surface })
    if (surface === 'MESSAGE') await expect(asked).rejects.toMatchObject({ restriction: 'BLOCK', surface: 'MESSAGE' })
    else expect(await asked).toMatchObject(passes)
  }
})

test('without an end it holds until it is revoked, and is revoked once', async () => {
  const personId = await createPerson(app)
  const id = await impose(app, { personId, kind: 'BLOCK', minutes: null })
  app.clock.advance(365 * 24 * 60 * minuteMs)
  await expect(askGate(app, personId)).rejects.toMatchObject({ restriction: 'BLOCK', retryAfterMs: null })
  app.clock.advance(-365 * 24 * 60 * minuteMs)
  expect(await revoke(personId, { id })).toMatchObject({ id })
  expect(await revoke(personId, { id })).toBeUndefined()
  expect(await askGate(other, personId)).toMatchObject(passes)
})

test('the hardest is named, and the answer says when the last one is over', async () => {
  const personId = await createPerson(app)
  await impose(app, { personId, kind: 'BLOCK', minutes: 5 })
  await impose(app, { personId, kind: 'MUTE', minutes: 60 })
  const refused = await askGate(app, personId).catch((error: unknown) => error)
  expect(refused).toMatchObject({ restriction: 'BLOCK' })
  expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(59 * minuteMs)
})

test('a decision has one restriction, however often it is imposed; revoked, it stays revoked', async () => {
  const personId = await createPerson(app)
  const decisionId = '01890a5d-ac96-774b-bcce-b302099a8057'
  const ids = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      impose(i % 2 ? app : other, { personId, kind: 'MUTE', minutes: 5, decisionId }),
    ),
  )
  expect(new Set(ids).size).toBe(1)
  expect(await revoke(personId, { decisionId })).toMatchObject({ id: ids[0] })
  expect(await impose(app, { personId, kind: 'MUTE', minutes: 5, decisionId })).toBe(ids[0])
  expect(await askGate(app, personId)).toMatchObject(passes)
})

test('somebody shadowed writes on and cannot tell', async () => {
  const personId = await createPerson(app)
  const id = await impose(app, { personId, kind: 'SHADOW', minutes: 60 })
  expect(await askGate(app, personId)).toMatchObject({ hiddenBy: id })
  await revoke(personId, { id })
  expect(await askGate(app, personId)).toMatchObject(passes)
})

test('whether somebody is shadowed somewhere is one read, known without Redis, and yes where nobody knows', async () => {
  const [one, two] = [await createPerson(app), await createPerson(app)]
  await impose(app, { personId: one, kind: 'SHADOW', surface: 'MESSAGE', minutes: 60 })
  await impose(app, { personId: two, kind: 'MUTE', minutes: 60 })
  const own = await app.node()
  const answers = async (on: TestApp) => [
    await on.services.gate.isShadowed(one, 'MESSAGE'),
    await on.services.gate.isShadowed(one, 'ACTIVITY_MESSAGE'),
    await on.services.gate.isShadowed(two, 'MESSAGE'),
  ]
  await app.redis.command.del(stateKey(one))
  expect(await answers(own)).toEqual([true, false, false])
  const monitor = await createRedisMonitor(app)
  expect(await monitor.during(() => app.services.gate.isShadowed(one, 'MESSAGE'))).toEqual(['hget'])
  monitor.close()
  own.redis.command.disconnect()
  expect(await answers(own)).toEqual([true, false, false])
  await own.redis.command.connect()
  app.clock.advance(61 * 60_000)
  expect(await answers(app)).toEqual([false, false, false])
  app.clock.advance(-61 * 60_000)
  expect(await app.services.gate.isShadowed('no id', 'MESSAGE')).toBe(true)
})

test('what Redis has lost is read from Postgres again, and a write costs one round trip', async () => {
  const personId = await createPerson(app)
  await impose(app, { personId, kind: 'MUTE', surface: 'MESSAGE', minutes: 60 })
  await app.redis.command.del(stateKey(personId))
  await expect(askGate(other, personId, { surface: 'MESSAGE' })).rejects.toMatchObject({ restriction: 'MUTE' })
  expect(await app.redis.command.pttl(stateKey(personId))).toBeGreaterThan(0)
  const monitor = await createRedisMonitor(app)
  const refused = () => askGate(app, personId, { surface: 'MESSAGE' }).catch(() => undefined)
  expect(await monitor.during(refused)).toEqual(['evalsha'])
  expect(await monitor.during(() => askGate(app, personId))).toEqual(['evalsha'])
  monitor.close()
})

test('what a node that died did not mirror is mirrored by the job', async () => {
  const personId = await createPerson(app)
  await askGate(app, personId)
  const { gate } = app.services
  const given = {
    personId,
    kind: 'MUTE',
    surface: null,
    minutes: 5,
    reason: 'test',
    explanation: 'For a test.',
  } as const
  await app.postgres.transaction((sql) => gate.restrictions.impose(sql, { ...given, authorId: null, decisionId: null }))
  await app.idle()
  await expect(askGate(other, personId)).rejects.toMatchObject({ restriction: 'MUTE' })
})

test('of a thousand races no older copy replaces a newer one', async () => {
  const races = rounds(1000)
  const atOnce = 25
  for (let done = 0; done < races; done += atOnce) {
    const people = await Promise.all(Array.from({ length: atOnce }, () => createPerson(app)))
    await Promise.all(
      people.map(async (personId) => {
        const id = await impose(app, { personId, kind: 'MUTE', minutes: 60 })
        await app.redis.command.del(stateKey(personId))
        await Promise.all([
          askGate(other, personId).catch(() => undefined),
          revoke(personId, { id }, other),
          impose(app, { personId, kind: 'BLOCK', surface: 'ACTIVITY', minutes: 60 }),
          other.services.gate.refresh(personId),
          askGate(app, personId).catch(() => undefined),
        ])
        const [versions, refusals] = await Promise.all([
          app.postgres.pool.query('select version from standings where person_id = $1', [personId]),
          Promise.all([app, other].map((on) => askGate(on, personId).catch((error: unknown) => error))),
        ])
        for (const refused of refusals) expect(refused).toMatchObject({ restriction: 'BLOCK', surface: 'ACTIVITY' })
        const mirrored = await app.redis.command.hget(stateKey(personId), 'version')
        expect(Number(mirrored)).toBe(versions.rows[0].version)
      }),
    )
  }
})
