import { randomInt } from 'node:crypto'
import { bandBetween, type CellBand, createGrids, isWithin } from '../../src/modules/presence/index.ts'
import { distanceMeters, type Position } from '../../src/platform/geo/index.ts'
import { act, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { type Fence, namesOf, openFence, peopleAround } from '../kit/nearby.ts'
import { createPhone, type Phone } from '../kit/phones.ts'
import { offset as exactly } from '../kit/places.ts'

/** Whoever has sent a heartbeat stays: what ends by itself is tested elsewhere. */
let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ PRESENCE_TTL_SECONDS: '3600' })
  other = await app.node()
})

/** So many meters north and east, around the Earth if need be. */
function offset(from: Position, north: number, east: number): Position {
  const { latitude, longitude } = exactly(from, north, east)
  return { latitude, longitude: longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude }
}

const pick = <T>(list: readonly T[]): T => list[randomInt(list.length)] as T

interface Somebody {
  phone: Phone
  at: Position | undefined
  ghost: boolean
}
interface Something {
  id: string
  host: Somebody
  at: Position
  joiner: Somebody | undefined
}

/** People who do whatever comes to mind, and what a viewer should be shown of it. */
async function createWorld(middle: Position, spreadMeters: number) {
  const grids = createGrids(app.config.secret, app.config.presence.cellMeters)
  const people: Somebody[] = []
  for (let i = 0; i < 8; i += 1) people.push({ phone: await createPhone(app), at: undefined, ghost: false })
  const [viewer = pick(people), ...others] = people
  const activities: Something[] = []
  const blocks = new Map<string, { by: Somebody; id: string; of: Somebody }>()
  const history: string[] = []

  const somewhere = () => offset(middle, randomInt(-spreadMeters, spreadMeters), randomInt(-spreadMeters, spreadMeters))
  const beat = (who: Somebody, at: Position) => {
    who.at = at
    return who.phone.beat(at, new Date(app.clock.now()), pick([app, other]))
  }
  const end = (who: Somebody) => {
    who.at = undefined
    return who.phone.ask('mutation { endPresence { __typename } }')
  }
  const areApart = (a: Somebody, b: Somebody) =>
    [...blocks.values()].some(({ by, of }) => (by === a && of === b) || (by === b && of === a))

  const deeds: Record<string, () => Promise<unknown>> = {
    async appear() {
      const who = pick(others)
      await end(who)
      await beat(who, somewhere())
    },
    async walk() {
      const who = pick(people)
      if (!who.at) return
      app.clock.advance(61_000)
      await beat(who, offset(who.at, randomInt(-450, 450), randomInt(-450, 450)))
    },
    travel: async () => {
      await end(viewer)
      if (randomInt(3)) await beat(viewer, somewhere())
    },
    vanish: () => end(pick(others)),
    async haunt() {
      const who = pick(people)
      who.ghost = !who.ghost
      const input = { ghost: who.ghost }
      await who.phone.ask('mutation ($input: SetVisibilityInput!) { setVisibility(input: $input) { __typename } }', {
        input,
      })
      if (who.at && !who.ghost) await beat(who, who.at)
    },
    async block() {
      const [by, of] = randomInt(2) ? [viewer, pick(others)] : [pick(others), viewer]
      const input = { personId: namesOf(app, by.phone, of.phone)[0] }
      const { data } = await by.phone.ask<{ block: { block: { id: string } } }>(
        'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
        { input },
      )
      const id = data?.block.block.id ?? ''
      blocks.set(id, { by, id, of })
    },
    async unblock() {
      const block = [...blocks.values()][0]
      if (!block) return
      const input = { blockId: block.id }
      await block.by.phone.ask('mutation ($input: UnblockInput!) { unblock(input: $input) { __typename } }', { input })
      blocks.delete(block.id)
    },
    async begin() {
      const host = pick(people)
      const at = randomInt(2) ? somewhere() : offset(viewer.at ?? middle, randomInt(-300, 300), randomInt(-300, 300))
      const { id } = await start(host.phone, { ...at }, pick([app, other]))
      activities.push({ id, host, at, joiner: undefined })
    },
    async join() {
      const free = activities.filter(({ joiner, host }) => !joiner && host !== viewer)
      const activity = free[0]
      const who = activity && others.find((one) => one !== activity.host && !areApart(one, activity.host))
      if (!activity || !who) return
      await act(who.phone, 'joinActivity', { activityId: activity.id })
      activity.joiner = who
    },
    async leave() {
      const activity = activities.find(({ joiner }) => joiner)
      if (!activity?.joiner) return
      await act(activity.joiner.phone, 'leaveActivity', { activityId: activity.id })
      activity.joiner = undefined
    },
    async cancel() {
      const activity = activities.shift()
      if (activity) await act(activity.host.phone, 'cancelActivity', { activityId: activity.id })
    },
  }

  return {
    viewer,
    history,
    async deed() {
      const name = pick(Object.keys(deeds))
      history.push(name)
      await deeds[name]?.()
    },
    enter: async () => {
      await beat(viewer, middle)
      for (const who of others) await beat(who, somewhere())
    },
    /** Everybody and everything inside, by looking at all there is. */
    inside(radius: CellBand): string[] {
      const { at } = viewer
      if (!at) return []
      const [cell, near] = [grids.people.snap(at), grids.places.snap(at)]
      const within = (band: CellBand | undefined) => band !== undefined && isWithin(band, radius)
      const shown = others.filter(
        (who) => who.at && !who.ghost && !areApart(viewer, who) && within(bandBetween(cell, grids.people.snap(who.at))),
      )
      const open = activities.filter(({ host, at, joiner }) => {
        const place = grids.places.snap(at)
        if (host !== viewer && areApart(viewer, host)) return false
        return within(bandBetween(near, place)) && (host === viewer || joiner || distanceMeters(near, place) <= 200)
      })
      const names = namesOf(app, viewer.phone, ...shown.map(({ phone }) => phone))
      return [...names, ...open.map(({ id }) => id)].sort()
    },
  }
}

test.each([
  ['in a town', { latitude: 52.1, longitude: 4.3 }, 2500, 'UNDER_1_KM', 120],
  ['in a town, seen from afar', { latitude: 51.1, longitude: -4.3 }, 6000, 'UNDER_3_KM', 120],
  ['where areas meet', { latitude: -16.8, longitude: 179.999 }, 5000, 'UNDER_3_KM', 120],
] as const)(
  '%s: whatever is cut where, and resumed on which node, a client ends with exactly what is inside',
  async (_where, middle, spread, radius, cuts) => {
    const world = await createWorld(middle, spread)
    await world.enter()
    let fence: Fence = await openFence(app, world.viewer.phone, { radius })
    for (const id of world.inside(radius)) fence.inside.set(id, '')
    for (let cut = 0; cut < cuts; cut += 1) {
      // Some of it is seen, some is missed, and some happens while the connection is lost.
      const deeds = (async () => {
        for (let i = 0; i < 1 + (cut % 6); i += 1) await world.deed()
      })()
      if (cut % 3 === 0) await deeds
      fence.stream.drop()
      // What was handled before the loss counts, and nothing after it.
      const { cursor, inside } = fence
      if (cut % 3 === 1) await deeds
      fence = await openFence(pick([app, other]), world.viewer.phone, { radius, after: cursor, inside })
      await deeds
      const isSo = () => JSON.stringify([...inside.keys()].sort()) === JSON.stringify(world.inside(radius))
      const deadline = Date.now() + 6000
      while (!isSo()) {
        if (Date.now() > deadline)
          throw new Error(
            JSON.stringify({
              cut,
              history: world.history.slice(-8),
              listed: await peopleAround(world.viewer.phone, radius).catch((error: Error) => error.message),
              seen: fence.seen,
              inside: [...inside.keys()].sort(),
              due: world.inside(radius),
            }),
          )
        if (fence.stream.waiting().length > 0) await fence.next()
        else await new Promise((resolve) => setImmediate(resolve))
      }
    }
    expect(fence.seen.every(({ __typename }) => __typename !== 'ResyncRequired')).toBe(true)
    fence.stream.stop()
  },
  60_000,
)
