import { createId } from '../../src/platform/ids.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
let admin: Awaited<ReturnType<typeof createStaff>>
let moderator: Awaited<ReturnType<typeof createStaff>>
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  admin = await createStaff(app, 'ADMIN')
  moderator = await createStaff(app, 'MODERATOR')
})

interface Label {
  label: string
  level: string
  reasons: { level: string; start: number; end: number }[]
}
const scanDocument = 'query ($text: String!) { scanText(text: $text) { label level reasons { level start end } } }'
const scan = async (text: string, on = app) =>
  (await ask<{ scanText: Label[] }>(on, scanDocument, { text }, { token: moderator.token })).data?.scanText ?? []
const setDocument = `mutation ($input: SetLinkDomainInput!) { setLinkDomain(input: $input) {
  ... on SetLinkDomainPayload { linkDomain { domain verdict } } } }`
type Listed = { domain: string; verdict: string }
const set = (domain: string, verdict: string | null, token = admin.token) =>
  ask<{ setLinkDomain: { linkDomain: Listed | null } }>(app, setDocument, { input: { domain, verdict } }, { token })
const listDocument = `query ($first: Int, $after: String) { linkDomains(first: $first, after: $after) {
  edges { node { domain verdict } } pageInfo { endCursor hasNextPage } } }`
type Page = { linkDomains: { edges: { node: Listed }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } }
const list = async (variables: Record<string, unknown> = {}) =>
  (await ask<Page>(app, listDocument, variables, { token: admin.token })).data?.linkDomains

test('staff see what the scanner finds in a text, and where', async () => {
  const text = 'go k1ll yourself, at https://a.net'
  const [label] = await scan(text)
  expect(label).toMatchObject({ label: 'HARASSMENT', level: 'HIGH' })
  const [reason] = label?.reasons ?? []
  expect(text.slice(reason?.start, reason?.end)).toContain('k1ll yourself')
  expect(await scan('see you in Scunthorpe')).toEqual([])
  expect(codeOf(await ask(app, scanDocument, { text: 'x'.repeat(10_001) }, { token: moderator.token }))).toBe(
    'BAD_USER_INPUT',
  )
  expect(codeOf(await ask(app, scanDocument, { text: 'x' }))).toBe('UNAUTHENTICATED')
})

test('a domain that is denied is unsafe on every node within a second, and nothing beside it; each change is written down once', async () => {
  for (let i = 0; i < 2; i += 1) {
    expect((await set(' EXAMPLE.net. ', 'DENIED')).data?.setLinkDomain.linkDomain).toEqual({
      domain: 'example.net',
      verdict: 'DENIED',
    })
  }
  const unsafe = [expect.objectContaining({ label: 'UNSAFE_LINKS', level: 'HIGH' })]
  expect(await scan('see sub.example.net/x')).toEqual(unsafe)
  await eventually(
    () => scan('see sub.example.net/x', other),
    (labels) => labels.length > 0,
    1500,
  )
  expect(await scan('see evilexample.net and example.net.org')).toEqual([])
  await set('fine.example.net', 'ALLOWED')
  expect(await scan('see a.fine.example.net')).toEqual([])

  expect((await set('example.net', null)).data?.setLinkDomain.linkDomain).toBeNull()
  expect(await scan('see example.net')).toEqual([])
  const text = `select target, detail->>'verdict' as verdict from audit_log where action = 'SET_LINK_DOMAIN' order by seq`
  expect((await app.postgres.pool.query(text)).rows).toEqual([
    { target: 'link-domain:example.net', verdict: 'DENIED' },
    { target: 'link-domain:fine.example.net', verdict: 'ALLOWED' },
    { target: 'link-domain:example.net', verdict: null },
  ])
})

test('the list goes page by page, and what is no domain is refused', async () => {
  for (const name of ['one', 'two', 'three']) await set(`${name}.example.org`, 'DENIED')
  const first = await list({ first: 2 })
  expect(first?.edges.map(({ node }) => node.domain)).toEqual(['three.example.org', 'two.example.org'])
  const second = await list({ first: 2, after: first?.pageInfo.endCursor })
  expect(second?.edges[0]?.node).toEqual({ domain: 'one.example.org', verdict: 'DENIED' })
  for (const domain of [
    '',
    ' ',
    'com',
    'co.uk',
    'a b.com',
    'http://a.com',
    'a.com/x',
    'user@a.com',
    'a.com:80',
    'x'.repeat(300),
    'localhost',
  ])
    expect({ domain, code: codeOf(await set(domain, 'DENIED')) }).toEqual({ domain, code: 'BAD_USER_INPUT' })
  expect(codeOf(await set('a.com', 'DENIED', moderator.token))).toBe('FORBIDDEN')
})

test('a link to a denied domain puts what has it in quarantine, once', async () => {
  await set('trap.example.com', 'DENIED')
  const subject = { kind: 'MESSAGE', id: createId(app.clock.now()) } as const
  const links = { subject, ownerId: null, urls: ['http://www.trap.example.com/a', 'https://fine.example.com'] }
  for (let i = 0; i < 2; i += 1) await app.services.links.scan(links)
  const text = 'select kind, locator, labels, state from quarantine_items where subject_id = $1'
  expect((await app.postgres.pool.query(text, [subject.id])).rows).toEqual([
    { kind: 'url', locator: 'http://www.trap.example.com/a', labels: { unsafe_links: 'high' }, state: 'QUARANTINED' },
  ])
})
