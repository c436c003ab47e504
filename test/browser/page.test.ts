import { createTestApp, type TestApp } from '../kit/app.ts'

let app: TestApp
let off: TestApp
beforeAll(async () => {
  app = await createTestApp({}, { graphiql: { device: 'a-token</script>' } })
  off = await app.node({ GRAPHIQL: 'off' })
})

const browserAccepts = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const get = (on: TestApp, path = '', accept = browserAccepts) => fetch(on.url + path, { headers: { accept } })

test('a browser gets the page, which nobody may keep or frame, and which holds its tokens without breaking out', async () => {
  const answer = await get(app)
  const page = await answer.text()
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(page.length).toBeLessThan(20_000)
  expect(page).toContain('a-token\\u003c/script>')
})

test('its script and style sheet come compressed and are kept for ever', async () => {
  const page = await (await get(app)).text()
  const assets = [...page.matchAll(/(?:src|href)="(\/graphql\/[^"]+)"/g)].map(([, path]) => path ?? '')
  expect(assets).toHaveLength(2)
  for (const path of assets) {
    const answer = await fetch(new URL(path, app.url), { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.headers.get('cache-control')).toContain('immutable')
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    expect(Number(answer.headers.get('content-length'))).toBeLessThan(3_000_000)
    const plain = await fetch(new URL(path, app.url), { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(await plain.text()).toBe(await answer.text())
  }
})

test('a link with a query in it is a query, also for a browser', async () => {
  const answer = await get(app, '?query={__typename}')
  expect(answer.headers.get('content-type')).toContain('json')
  expect(await answer.json()).toEqual({ data: { __typename: 'Query' } })
})

test('whoever does not ask for HTML gets no page', async () => {
  const answer = await get(app, '', 'application/json')
  expect(answer.headers.get('content-type')).toContain('json')
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
})

test('HTML as the only wish for a query is refused', async () => {
  expect((await get(app, '?query={__typename}', 'text/html')).status).toBe(406)
})

test('switched off there is no page and no script, and everything else works', async () => {
  const page = await get(off)
  expect(page.status).toBe(404)
  expect(await page.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  expect((await fetch(new URL('/graphql/graphiql.js', off.url))).status).toBe(404)
  expect((await get(off, '?query={__typename}')).status).toBe(200)
})
