import { createId } from '../../src/platform/ids.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { openDirect, send } from '../kit/conversations.ts'
import { rounds } from '../kit/fuzz.ts'
import { impose } from '../kit/gate.ts'
import { comparable, shadow } from '../kit/hidden.ts'
import { call, me, type ProfileNode, profileDocument } from '../kit/profiles.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp()
  other = await app.node()
})

const cause = () => createId(app.clock.now())
const texts = {
  displayName: 'Ann of the hill',
  bio: 'Plays chess.\nBadly.',
  major: 'History',
  passions: ['Chess', 'Go'],
}

async function profileOf(viewer: Pick<TestAccount, 'ask'>, id: string, on = app): Promise<ProfileNode | null> {
  const { data } = await viewer.ask<{ node: ProfileNode | null }>(profileDocument, { id }, on)
  return data?.node ?? null
}
const said = (profile: ProfileNode | null) =>
  profile && { displayName: profile.displayName, bio: profile.bio, major: profile.major, passions: profile.passions }
const subject = (on = app) => on.services.profiles.subject

/** Two who share a conversation, and one who shares none with them. */
async function scene() {
  const [ann, ben, zoe] = [await createAccount(app), await createAccount(app), await createAccount(app)]
  await openDirect(ann, ben)
  return { ann, ben, zoe, nothing: { displayName: ann.username, bio: '', major: '', passions: [] } }
}

test.each(['VISIBLE', 'HIDDEN', 'REMOVED'] as const)(
  'a profile that is %s says as much as it should to each viewer, and all of it once it is shown again',
  async (state) => {
    const { ann, ben, zoe, nothing } = await scene()
    await call(ann, 'updateProfile', texts)
    const by = cause()
    expect(await subject(other).setState(ann.accountId, state, by)).toBe(true)
    const seen = {
      owner: said(await profileOf(ann, ann.profileId, other)),
      me: said((await me(ann)).profile),
      acquaintance: said(await profileOf(ben, ann.profileId)),
      stranger: said(await profileOf(zoe, ann.profileId)),
    }
    const own = state === 'REMOVED' ? nothing : texts
    const acquaintance = state === 'VISIBLE' ? texts : nothing
    expect(seen).toEqual({ owner: own, me: own, acquaintance, stranger: null })
    const read = async (viewer: TestAccount) =>
      (await subject().seenBy({ deviceId: null, accountId: viewer.accountId }, ann.accountId))?.text
    const all = [ann.username, texts.displayName, texts.bio, texts.major, texts.passions.join(', ')].join('\n')
    expect([await read(ann), await read(ben), await read(zoe)]).toEqual([
      state === 'REMOVED' ? ann.username : all,
      state === 'VISIBLE' ? all : ann.username,
      undefined,
    ])
    expect(await subject().facts(ann.accountId)).toMatchObject({ ownerId: ann.accountId, text: all, state })
    expect(await subject().setState(ann.accountId, 'VISIBLE', by)).toBe(true)
    expect(said(await profileOf(ben, ann.profileId, other))).toEqual(texts)
  },
)

test('what a shadowed account gets of itself is what any account gets; others see its username until that is undone', async () => {
  async function world(isShadowed: boolean) {
    const { ann, ben, nothing } = await scene()
    const held = isShadowed ? await shadow(app, ann.accountId) : undefined
    const got = [
      await call(ann, 'updateProfile', texts),
      await call(ann, 'updateProfile', { bio: 'Again.' }, other),
      await me(ann),
      await profileOf(ann, ann.profileId),
    ]
    const shown = said(await profileOf(ben, ann.profileId))
    await held?.lift()
    expect(shown).toEqual(isShadowed ? nothing : { ...texts, bio: 'Again.' })
    expect(said(await profileOf(ben, ann.profileId))).toEqual({ ...texts, bio: 'Again.' })
    return JSON.parse(JSON.stringify(comparable(got)).replaceAll(ann.username, '<username>'))
  }
  expect(await world(true)).toEqual(await world(false))
})

test('what is written later is hidden by what hid it first, and shown by nothing else', async () => {
  const { ann, ben, nothing } = await scene()
  await call(ann, 'updateProfile', texts)
  const by = cause()
  await subject().setState(ann.accountId, 'HIDDEN', by)
  const held = await shadow(app, ann.accountId)
  await call(ann, 'updateProfile', { bio: 'Hidden twice.' })
  await held.lift()
  expect(said(await profileOf(ben, ann.profileId))).toEqual(nothing)
  expect(await subject().reveal(ann.accountId, cause())).toBe(0)
  expect(await subject().reveal(ann.accountId, by)).toBe(1)
  expect(await subject().reveal(ann.accountId, by)).toBe(0)
  expect((await profileOf(ben, ann.profileId))?.bio).toBe('Hidden twice.')
})

test('a restricted account changes nothing, and is told why', async () => {
  const { ann } = await scene()
  await call(ann, 'updateProfile', texts)
  await impose(app, { personId: ann.accountId, kind: 'MUTE', minutes: 5, surface: 'PROFILE' })
  expect(await call(ann, 'updateProfile', { bio: 'Other.' })).toMatchObject({ __typename: 'RestrictedError' })
  expect(said((await me(ann)).profile)).toEqual(texts)
})

test('shown, hidden and written on two nodes at once, it is as the last word says', async () => {
  const { ann, ben, nothing } = await scene()
  const by = cause()
  for (let i = 0; i < rounds(1000) / 25; i += 1)
    await Promise.all(
      Array.from({ length: 25 }, (_, j) => {
        const state = (['VISIBLE', 'HIDDEN', 'REMOVED'] as const)[(i + j) % 3] ?? 'VISIBLE'
        const on = j % 2 ? app : other
        return j % 8 === 0 ? call(ann, 'updateProfile', texts, on) : subject(on).setState(ann.accountId, state, by)
      }),
    )
  await subject(other).setState(ann.accountId, 'HIDDEN', by)
  expect(said(await profileOf(ben, ann.profileId))).toEqual(nothing)
  await subject().setState(ann.accountId, 'VISIBLE', by)
  expect(said(await profileOf(ben, ann.profileId))).toEqual(texts)
})

test('accounts that are none have no facts, and nothing to hide', async () => {
  for (const id of ['', 'x', cause()]) {
    expect(await subject().facts(id)).toBeNull()
    expect(await subject().seenBy({ deviceId: null, accountId: cause() }, id)).toBeNull()
    expect(await subject().setState(id, 'HIDDEN', cause())).toBe(false)
  }
})

test('of its own profile an account is told all in its conversations, others the username', async () => {
  const { ann, ben } = await scene()
  const id = await openDirect(ann, ben)
  await call(ann, 'updateProfile', texts)
  await subject().setState(ann.accountId, 'HIDDEN', cause())
  const document = `subscription ($id: ID!) { conversationEvents(conversationId: $id) { __typename
    ... on ConversationChanged { change { __typename ... on MessageSent { message { sender { displayName } } } } } } }`
  const streams = [ann, ben].map((who) => who.follow<Changed>(document, { id }, other))
  for (const stream of streams) expect((await stream.next()).__typename).toBe('Ready')
  await send(ben, id, 'Hello')
  await send(ann, id, 'Hello, too')
  const names = await Promise.all(
    streams.map(async (stream) =>
      [await stream.next(), await stream.next()].map((event) => event.change?.message?.sender),
    ),
  )
  expect(names).toEqual([
    [{ displayName: ben.username }, { displayName: texts.displayName }],
    [{ displayName: ben.username }, { displayName: ann.username }],
  ])
  for (const stream of streams) stream.stop()
})

interface Changed {
  __typename: string
  change?: { message?: { sender: { displayName: string } } }
}
