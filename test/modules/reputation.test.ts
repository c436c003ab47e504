import type { ReputationKind } from '../../src/modules/gate/index.ts'
import { createAccount, registerAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { rounds } from '../kit/fuzz.ts'
import { askGate, createPerson, impose, setStanding } from '../kit/gate.ts'
import { createPhone } from '../kit/phones.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs
const note = async (personId: string, kind: ReputationKind, cause: string, on = app) => {
  const { gate } = on.services
  const counted = await on.postgres.transaction((sql) =>
    gate.standings.note(sql, { personId, kind, surface: null, cause }),
  )
  await gate.refresh(personId)
  return counted
}
const standing = async (personId: string) => {
  const found = (await app.services.gate.standings.of([personId])).get(personId)
  return found && { trust: found.trust, risk: found.risk }
}

test('everybody begins in the middle; 0 and 1 are 1, and nothing leaves 0 to 100', async () => {
  const personId = await createPerson(app, app.clock.now())
  expect(await standing(personId)).toEqual({ trust: 50, risk: 30 })
  await setStanding(app, personId, { trust: 0 })
  await note(personId, 'report_upheld', 'one')
  expect(await standing(personId)).toEqual({ trust: 1, risk: 30 })
  await note(personId, 'removed', 'two')
  expect(await standing(personId)).toEqual({ trust: 0, risk: 30 })
  await setStanding(app, personId, { trust: 99, risk: 98 })
  await note(personId, 'removed_undone', 'three')
  await note(personId, 'restricted', 'four')
  expect(await standing(personId)).toEqual({ trust: 100, risk: 100 })
})

test('of a thousand races each cause counts once', async () => {
  const atOnce = 20
  for (let done = 0; done < rounds(1000); done += atOnce) {
    const personId = await createPerson(app, app.clock.now())
    const causes = ['a', 'b', 'c', 'd']
    const noted = Array.from({ length: atOnce }, (_, i) =>
      note(personId, 'report_upheld', causes[i % causes.length] ?? '', i % 2 ? app : other),
    )
    expect((await Promise.all(noted)).filter(Boolean)).toHaveLength(causes.length)
    expect(await standing(personId)).toEqual({ trust: 54, risk: 30 })
  }
})

test('two removals within a day and nothing is written for a day; one of them undone, and it is', async () => {
  const personId = await createPerson(app)
  await note(personId, 'removed', 'decision:1')
  expect(await askGate(app, personId)).toMatchObject({ hiddenBy: null })
  await note(personId, 'removed', 'decision:2')
  for (const surface of ['MESSAGE', 'REPORT'] as const)
    await expect(askGate(other, personId, { surface })).rejects.toMatchObject({ restriction: 'BLOCK', surface: null })
  await note(personId, 'removed_undone', 'decision-reverted:2')
  expect(await askGate(other, personId)).toMatchObject({ hiddenBy: null })
  // Two days apart they are no two within one.
  const patient = await createPerson(app)
  await note(patient, 'removed', 'decision:1')
  app.clock.advance(2 * dayMs)
  await note(patient, 'removed', 'decision:2')
  expect(await askGate(app, patient)).toMatchObject({ hiddenBy: null })
  app.clock.advance(-2 * dayMs)
})

test('risk falls by a twentieth an hour once nothing was wrong for a day, and no further than to where nobody is watched', async () => {
  const [calm, restless] = [await createPerson(app), await createPerson(app)]
  await setStanding(app, calm, { risk: 60 })
  await setStanding(app, restless, { risk: 55 })
  await note(restless, 'warned', 'just now')
  await app.services.gate.decay()
  expect(await standing(calm)).toMatchObject({ risk: 57 })
  expect(await standing(restless)).toMatchObject({ risk: 60 })
  await app.services.gate.decay()
  expect(await standing(calm)).toMatchObject({ risk: 57 })
  for (let hour = 1; hour <= 25; hour++) {
    app.clock.advance(hourMs)
    await Promise.all([app.services.gate.decay(), other.services.gate.decay()])
  }
  expect((await standing(calm))?.risk).toBeLessThanOrEqual(45)
  expect((await standing(calm))?.risk).toBeGreaterThan(40)
  expect((await standing(restless))?.risk).toBeLessThan(60)
  app.clock.advance(-25 * hourMs)
})

test('trust grows by one a day, to 70; that of those who stand higher stays', async () => {
  const [low, high, unknown] = [await createPerson(app), await createPerson(app), await createPerson(app)]
  await setStanding(app, low, { trust: 10 })
  await setStanding(app, high, { trust: 90 })
  await app.services.gate.decay()
  const begun = (await standing(low))?.trust ?? 0
  for (let day = 1; day <= 3; day++) {
    app.clock.advance(dayMs)
    await app.services.gate.decay()
    await app.services.gate.decay()
  }
  expect(await standing(low)).toMatchObject({ trust: begun + 3 })
  expect(await standing(high)).toMatchObject({ trust: 90 })
  // Of whom nothing is written down it has grown as well.
  expect(await standing(unknown)).toMatchObject({ trust: 55 })
  app.clock.advance(100 * dayMs)
  expect(await standing(unknown)).toMatchObject({ trust: 70 })
  app.clock.advance(-103 * dayMs)
})

test('a new account on the device of two that were banned is watched, and invites and writes to nobody for an hour', async () => {
  const [phone, innocent] = [await createPhone(app), await createPhone(app)]
  const banned = [await createAccount(app, { onDevice: phone }), await createAccount(app, { onDevice: phone })]
  await impose(app, { personId: banned[0]?.accountId ?? '', kind: 'BAN', minutes: null })
  const second = await registerAccount(app, { onDevice: phone })
  expect(await standing(second.accountId)).toEqual({ trust: 50, risk: 30 })
  await impose(app, { personId: banned[1]?.accountId ?? '', kind: 'BAN', minutes: null })
  const third = await registerAccount(app, { onDevice: phone })
  expect(await standing(third.accountId)).toEqual({ trust: 50, risk: 50 })
  for (const surface of ['INVITE', 'MESSAGE'] as const)
    await expect(askGate(app, third.accountId, { surface })).rejects.toMatchObject({ restriction: 'COOLDOWN', surface })
  expect(await askGate(app, third.accountId, { surface: 'PROFILE' })).toMatchObject({ hiddenBy: null })
  app.clock.advance(hourMs)
  expect(await askGate(app, third.accountId, { surface: 'MESSAGE' })).toMatchObject({ hiddenBy: null })
  app.clock.advance(-hourMs)
  const elsewhere = await registerAccount(app, { onDevice: innocent })
  expect(await standing(elsewhere.accountId)).toEqual({ trust: 50, risk: 30 })
  // The phone itself is not the account.
  expect(await askGate(app, phone.personId, { surface: 'ACTIVITY' })).toMatchObject({ hiddenBy: null })
})
