import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { beaconAt, createPhone } from '../kit/phones.ts'
import { offset, zurich } from '../kit/places.ts'

const nothing = { match: false, sharedInterests: [], nudgeSent: false }

describe.each(['one-sided', 'mutual'])('with matches that are %s', (confirmation) => {
  let app: TestApp
  let other: TestApp
  beforeAll(async () => {
    app = await createTestApp({ MATCH_CONFIRMATION: confirmation, NUDGE_COOLDOWN_SECONDS: '0' })
    other = await app.node()
  })
  const now = () => new Date(app.clock.now())

  async function talker(meters: number | undefined, on = app) {
    const phone = await createPhone(on)
    const session = await phone.open(['jazz'])
    const beat = async (north: number) => {
      await phone.beat(offset(zurich, north, 0), now(), on)
      // Noted without anybody waiting for it.
      const key = `${app.config.redisPrefix}v1:matches:{talk}:cell:${phone.personId}`
      await eventually(
        () => app.redis.command.exists(key),
        (count) => count === 1,
      )
    }
    if (meters !== undefined) await beat(meters)
    return { phone, beat, beacon: () => beaconAt(session.beacons, now()) }
  }
  type Talker = Awaited<ReturnType<typeof talker>>
  /** Each hears the other, however that came about. */
  async function meet(a: Talker, b: Talker) {
    const [first] = await a.phone.report([b.beacon()], now())
    const [second] = await b.phone.report([a.beacon()], now(), other)
    return { first, second, met: first?.match || second?.match }
  }

  test('two who are 50 km apart have not heard each other, whatever a relay carries', async () => {
    const [ann, ben] = [await talker(0), await talker(50_000, other)]
    expect(await meet(ann, ben)).toEqual({ first: nothing, second: nothing, met: false })
    const inReach = await app.services.matches.inReachOf(ann.phone.personId)
    expect(inReach).toEqual([])
  })

  test('two cells further is too far, the same and a touching cell are not', async () => {
    for (const [meters, meets] of [
      [0, true],
      [700, true],
      [2200, false],
    ] as const)
      expect([meters, (await meet(await talker(0), await talker(meters))).met]).toEqual([meters, meets])
  })

  test('where either shares no position, nothing is known against them', async () => {
    expect((await meet(await talker(undefined), await talker(50_000))).met).toBe(true)
    expect((await meet(await talker(0), await talker(undefined))).met).toBe(true)
  })

  test('a position counts for two minutes, and until the presence is ended', async () => {
    const [ann, ben] = [await talker(0), await talker(50_000)]
    expect((await meet(ann, ben)).met).toBe(false)
    const key = `${app.config.redisPrefix}v1:matches:{talk}:cell:${ben.phone.personId}`
    expect(await app.redis.command.pttl(key)).toBeLessThanOrEqual(120_000)
    await ben.phone.ask('mutation { endPresence { __typename } }')
    expect((await meet(ann, ben)).met).toBe(true)
  })

  test('who has travelled is where they are now', async () => {
    const [ann, ben] = [await talker(0), await talker(50_000)]
    expect((await meet(ann, ben)).met).toBe(false)
    await ben.phone.ask('mutation { endPresence { __typename } }')
    await ben.beat(0)
    expect((await meet(ann, ben)).met).toBe(true)
  })
})
