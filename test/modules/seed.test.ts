import { seed } from '../../prisma/seed.ts'
import { readPlaces } from '../../scripts/seed/places.ts'
import { seedCity } from '../../scripts/seed/seed.ts'
import { checkedEmoji, checkedText } from '../../src/platform/text.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask } from '../kit/gql.ts'
import { run } from '../kit/process.ts'

const hourMs = 3_600_000
const places = readPlaces()
const cities = [...new Set(places.map(({ city }) => city))]

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const seedAll = async () => {
  const counts = []
  for (const city of cities)
    counts.push(
      await seedCity(
        app,
        places.filter((place) => place.city === city),
        app.clock.now(),
      ),
    )
  return counts
}
const tables = ['campuses', 'venues', 'events', 'accounts', 'graphile_worker.jobs']
const everything = async () => {
  const rows = tables.map(async (table) => (await app.postgres.pool.query(`select * from ${table} order by 1`)).rows)
  return Promise.all(rows)
}

test('every place of the file is somewhere, once, and its city is around it', () => {
  expect(cities.length).toBeGreaterThanOrEqual(4)
  expect(new Set(places.map(({ city, name }) => `${city} ${name}`)).size).toBe(places.length)
  for (const city of cities) {
    const here = places.filter((place) => place.city === city)
    const [first] = here
    expect(here.filter(({ kind }) => kind === 'venue').length).toBeGreaterThanOrEqual(10)
    for (const { name, kind, latitude, longitude, domain } of here) {
      expect(checkedText(name, { min: 1, max: 80, field: 'name' })).toBe(name)
      expect(Math.hypot(latitude - (first?.latitude ?? 0), longitude - (first?.longitude ?? 0))).toBeLessThan(0.3)
      if (kind === 'campus') expect(domain).toMatch(/^[a-z-]+(\.[a-z]+)+$/)
      else expect([null, ...here.flatMap((other) => (other.kind === 'campus' ? other.domain : []))]).toContain(domain)
    }
  }
})

test('seeding twice is seeding once, and what is over begins anew', async () => {
  const [first] = await seedAll()
  expect(first).toMatchObject({ campuses: 2, venues: 10, events: 30 })
  const before = await everything()
  expect(await seedAll()).toEqual(cities.map(() => ({ campuses: 0, venues: 0, events: 0 })))
  expect(await everything()).toEqual(before)

  await app.postgres.pool.query(`update venues set name = 'Renamed by its owner' where name = 'Lindenhof'`)
  app.clock.advance(5 * hourMs)
  const again = await seedAll()
  expect(again[0]).toMatchObject({ campuses: 0, venues: 0 })
  const [campuses, venues, events] = await everything()
  expect(campuses).toEqual(before[0])
  expect(venues?.filter(({ name }) => name === 'Renamed by its owner')).toHaveLength(1)
  expect(events).toHaveLength(before[2]?.length ?? 0)
  const now = new Date(app.clock.now())
  const moved = events?.filter(({ version }) => version === 2) ?? []
  expect(moved.length).toBe(again.reduce((sum, { events: count }) => sum + count, 0))
  expect(moved.length).toBeGreaterThan(20)
  expect(events?.every(({ ends_at }) => ends_at > now)).toBe(true)
  await app.idle()
})

test('the demo organizer sees it all, everybody else what is published, and the words are as a client may send them', async () => {
  const organizer = (await seed(app)).find(({ who }) => who.startsWith('demo-organizer'))
  type Events = {
    myEvents: { edges: { node: { title: string; emoji: string; state: string; capacity: number | null } }[] }
  }
  const query = '{ myEvents(last: 100) { edges { node { title emoji state capacity } } } }'
  const { data } = await ask<Events>(app, query, {}, { token: organizer?.token })
  const nodes = data?.myEvents.edges.map(({ node }) => node) ?? []
  expect(nodes).toHaveLength(100)
  expect(new Set(nodes.map(({ state }) => state))).toEqual(new Set(['DRAFT', 'PUBLISHED', 'LIVE']))
  expect(new Set(nodes.map(({ capacity }) => capacity))).toEqual(new Set([50, 100, 200, null]))
  for (const { title, emoji } of nodes) {
    expect(checkedText(title, { min: 1, max: 50, field: 'title' })).toBe(title)
    expect(checkedEmoji(emoji)).toBe(emoji)
  }
  type Venues = {
    venues: { edges: { node: { name: string; campus: { name: string } | null; events: { edges: unknown[] } } }[] }
  }
  const around = `{ venues(near: { latitude: 47.3763, longitude: 8.5480 }, first: 3) { edges { node { name campus { name } events(first: 5) { edges { node { state } } } } } } }`
  const near = await ask<Venues>(app, around)
  expect(near.data?.venues.edges.map(({ node }) => [node.name, node.campus?.name])).toEqual([
    ['Polyterrasse', 'ETH Zürich'],
    ['Zentralbibliothek Zürich', undefined],
    ['Zürich Hauptbahnhof', undefined],
  ])
  expect(JSON.stringify(near.data)).not.toContain('DRAFT')
})

test('the command seeds a given database, and says which cities there are', async () => {
  const env = { DATABASE_URL: app.config.databaseUrl }
  const seeded = await run(['dist/scripts/seed.js', '--city', 'toronto'], env).ended
  expect(seeded).toMatchObject({
    code: 0,
    output: expect.stringMatching(/toronto +0 campuses, 0 venues and \d+ events/),
  })
  const unknown = await run(['dist/scripts/seed.js', '--city', 'atlantis'], env).ended
  expect(unknown).toMatchObject({ code: 1, output: expect.stringContaining('Cities: zurich, berlin') })
})
