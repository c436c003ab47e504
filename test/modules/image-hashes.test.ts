import { createId } from '../../src/platform/ids.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { globalId } from '../kit/authorization/rows.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { picture } from '../kit/images.ts'
import { createStaff } from '../kit/staff.ts'

let app: TestApp
let other: TestApp
let admin: Awaited<ReturnType<typeof createStaff>>
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
  admin = await createStaff(app, 'ADMIN')
})

const addDocument = `mutation ($input: AddImageHashesInput!) { addImageHashes(input: $input) { ... on AddImageHashesPayload { added } } }`
const withdrawDocument = `mutation ($input: WithdrawImageHashInput!) { withdrawImageHash(input: $input) {
  ... on WithdrawImageHashPayload { imageHash { id withdrawnAt } } } }`
const listDocument = `query ($first: Int, $after: String) { imageHashes(first: $first, after: $after) {
  edges { node { id hash label source addedAt withdrawnAt } } pageInfo { endCursor hasNextPage } } }`

interface Hash {
  id: string
  hash: string
  label: string
  withdrawnAt: string | null
}
type Listed = { imageHashes: { edges: { node: Hash }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } }

const given = (hashes: string[], more: object = {}) => ({ hashes, label: 'scam', source: 'a test', ...more })
const add = (input: object, token = admin.token, on = app) =>
  ask<{ addImageHashes: { added: number } }>(on, addDocument, { input }, { token })
const withdraw = (id: string) =>
  ask<{ withdrawImageHash: { imageHash: Hash } }>(
    app,
    withdrawDocument,
    { input: { imageHashId: id } },
    { token: admin.token },
  )
const list = async (variables: object = {}) =>
  (await ask<Listed>(app, listDocument, { ...variables }, { token: admin.token })).data?.imageHashes
const audited = async (action: string) => {
  const text = 'select actor_id, target, detail from audit_log where action = $1 order by seq'
  return (await app.postgres.pool.query(text, [action])).rows
}
/** Half zeros, half ones, and different for each number. */
const hashOf = (n: number) => `5555aaaa${n.toString(16).padStart(8, '0')}`

test('a copy of an image on the list is blocked on every node, and not any more when it is withdrawn', async () => {
  const original = await picture(40).png().toBuffer()
  const copy = await picture(40, 640, 480).jpeg({ quality: 50 }).toBuffer()
  const another = await picture(41).jpeg().toBuffer()
  const { hash } = await app.services.images.scanImage(original)
  expect(await other.services.images.scanImage(copy)).toMatchObject({ known: null, verdict: 'ALLOWED' })

  expect((await add(given([String(hash).toUpperCase()]))).data?.addImageHashes).toEqual({ added: 1 })
  for (const node of [app, other]) {
    const found = await eventually(
      () => node.services.images.scanImage(copy),
      ({ known }) => known !== null,
      1000,
    )
    expect(found).toMatchObject({
      verdict: 'BLOCKED',
      labels: { known: 'high' },
      known: { label: 'scam', source: 'a test' },
    })
    expect(found.known?.distance).toBeLessThanOrEqual(10)
    expect(await node.services.images.scanImage(another)).toMatchObject({ known: null, verdict: 'ALLOWED' })
  }

  const id = (await list({ first: 1 }))?.edges[0]?.node.id ?? ''
  const { data } = await withdraw(id)
  expect(data?.withdrawImageHash.imageHash).toMatchObject({ id, withdrawnAt: expect.any(String) })
  expect((await withdraw(id)).data).toEqual(data)
  for (const node of [app, other])
    await eventually(
      () => node.services.images.scanImage(copy),
      ({ known }) => known === null,
      1000,
    )

  expect((await add(given([String(hash)]))).data?.addImageHashes).toEqual({ added: 1 })
  expect(await audited('WITHDRAW_IMAGE_HASH')).toMatchObject([{ actor_id: admin.id, detail: { hash, label: 'scam' } }])
})

test('a thousand are added at once, and added again they are none', async () => {
  const hashes = Array.from({ length: 1000 }, (_, i) => hashOf(i))
  const [one, two] = await Promise.all([add(given(hashes)), add(given([...hashes].reverse()), admin.token, other)])
  expect((one.data?.addImageHashes.added ?? 0) + (two.data?.addImageHashes.added ?? 0)).toBe(1000)
  expect((await add(given([hashOf(1), hashOf(1).toUpperCase(), hashOf(2000)]))).data?.addImageHashes.added).toBe(1)
  expect((await add(given([hashOf(1)], { label: 'terror' }))).data?.addImageHashes.added).toBe(1)
  const added = (await audited('ADD_IMAGE_HASHES')).filter(({ target }) => target === 'image-hashes:scam')
  const sum = added.reduce((total, { detail }) => total + detail.added, 0)
  expect(sum).toBe(1003)
})

test('they are listed page by page, those added last first', async () => {
  const seen: string[] = []
  let after: string | null = null
  for (let page = 0; page < 3; page += 1) {
    const found: Listed['imageHashes'] | undefined = await list({ first: 50, after })
    seen.push(...(found?.edges ?? []).map(({ node }) => node.id))
    after = found?.pageInfo.endCursor ?? null
  }
  expect(new Set(seen).size).toBe(150)
  const ids = seen.map((id) => Buffer.from(id, 'base64').toString().split(':')[1])
  const text = 'select id from image_hashes order by added_at desc, id desc limit 150'
  expect((await app.postgres.pool.query(text)).rows.map(({ id }) => id)).toEqual(ids)
})

test('what is not a hash, and the hash of a plain surface, is refused', async () => {
  const bad = [
    given([]),
    given(Array.from({ length: 1001 }, (_, i) => hashOf(i))),
    given(['5555']),
    given(['zzzzzzzzzzzzzzzz']),
    given(['0000000000000000']),
    given(['fffffffffffffffe']),
    given(['00000000000003ff']),
    given([hashOf(1)], { label: 'Not a word' }),
    given([hashOf(1)], { label: '' }),
    given([hashOf(1)], { source: ' ' }),
    given([hashOf(1)], { source: 'x'.repeat(201) }),
  ]
  for (const input of bad) expect(codeOf(await add(input))).toBe('BAD_USER_INPUT')
})

test('the list is for ADMIN', async () => {
  const moderator = await createStaff(app, 'MODERATOR')
  expect(codeOf(await add(given([hashOf(3)]), moderator.token))).toBe('FORBIDDEN')
  expect(codeOf(await ask(app, listDocument, {}, { token: moderator.token }))).toBe('FORBIDDEN')
  const id = (await list({ first: 1 }))?.edges[0]?.node.id ?? ''
  const node = 'query ($id: ID!) { node(id: $id) { id } }'
  expect((await ask(app, node, { id }, { token: moderator.token })).data).toEqual({ node: null })
  expect((await ask(app, node, { id }, { token: admin.token })).data).toEqual({ node: { id } })
  expect(codeOf(await withdraw(globalId('ImageHash', createId(app.clock.now()))))).toBe('NOT_FOUND')
})

test('whoever added them is forgotten with them', async () => {
  const count = 'select count(*)::int as n from image_hashes where added_by = $1'
  expect(await app.services.imageHashes.erase(admin.id)).toBeGreaterThan(1000)
  expect((await app.postgres.pool.query(count, [admin.id])).rows).toEqual([{ n: 0 }])
})
