import type { ModerationAction } from '../../src/modules/enforcement/decisions.ts'
import type { SubjectName } from '../../src/modules/enforcement/index.ts'
import { createAccount } from '../kit/accounts.ts'
import { activityUuid, look, start } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { openDirect, send } from '../kit/conversations.ts'
import { decideNow, newDecision, revertNow } from '../kit/decisions.ts'
import { ask } from '../kit/gql.ts'
import { createOrganizer, eventDocument, outcomeOf, rawId, venueDocument } from '../kit/organizers.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { call, profileDocument } from '../kit/profiles.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const sendDocument = `mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename } }`
const chatDocument = 'query ($id: ID!) { activity(id: $id) { messages { edges { node { body } } } } }'
const say = (phone: Phone, activityId: string, body: string) =>
  phone.ask(sendDocument, { input: { clientId: newClientId(), activityId, body } })
const bodies = async (phone: Phone, id: string) => {
  type Chat = { activity: { messages: { edges: { node: { body: string } }[] } | null } | null }
  return (
    (await phone.ask<Chat>(chatDocument, { id })).data?.activity?.messages?.edges.map(({ node }) => node.body) ?? []
  )
}

interface Scene {
  subject: SubjectName
  ownerId: string
  /** Whether others, and its owner, find it. */
  seen(): Promise<{ others: boolean; owner: boolean }>
}

const scenes: Record<string, () => Promise<Scene>> = {
  async activity() {
    const [host, other] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(host)
    const seen = async () => ({ others: (await look(other, id)) !== null, owner: (await look(host, id)) !== null })
    return { subject: { kind: 'ACTIVITY', id: activityUuid(id) }, ownerId: host.personId, seen }
  },
  async 'activity message'() {
    const [host, author] = [await createPhone(app), await createPhone(app)]
    const { id } = await start(host)
    await author.ask('mutation ($input: JoinActivityInput!) { joinActivity(input: $input) { __typename } }', {
      input: { activityId: id },
    })
    await say(author, id, 'Here')
    const seen = async () => ({
      others: (await bodies(host, id)).length > 0,
      owner: (await bodies(author, id)).length > 0,
    })
    return { subject: { kind: 'ACTIVITY_MESSAGE', id: `${activityUuid(id)}:1` }, ownerId: author.personId, seen }
  },
  async profile() {
    const [owner, other] = [await createAccount(app), await createAccount(app)]
    await openDirect(owner, other)
    await call(owner, 'updateProfile', { bio: 'Here' })
    const bioFor = async (viewer: typeof owner) =>
      (await viewer.ask<{ node: { bio: string } }>(profileDocument, { id: owner.profileId })).data?.node.bio === 'Here'
    const seen = async () => ({ others: await bioFor(other), owner: await bioFor(owner) })
    return { subject: { kind: 'ACCOUNT', id: owner.accountId }, ownerId: owner.accountId, seen }
  },
  async venue() {
    const owner = await createOrganizer(app)
    const { id } = await owner.venue()
    const found = async (token?: string) => outcomeOf(await ask(app, venueDocument, { id }, { token })) !== 'NOT_FOUND'
    const seen = async () => ({ others: await found(), owner: await found(owner.token) })
    return { subject: { kind: 'VENUE', id: rawId(id) }, ownerId: owner.accountId, seen }
  },
  async event() {
    const owner = await createOrganizer(app)
    const { id } = await owner.event((await owner.venue()).id)
    await owner.publish(id)
    const found = async (token?: string) => outcomeOf(await ask(app, eventDocument, { id }, { token })) !== 'NOT_FOUND'
    const seen = async () => ({ others: await found(), owner: await found(owner.token) })
    return { subject: { kind: 'EVENT', id: rawId(id) }, ownerId: owner.accountId, seen }
  },
}

const all = { others: true, owner: true }
const after: Partial<Record<ModerationAction, { others: boolean; owner: boolean }>> = {
  HIDE: { others: false, owner: true },
  REMOVE: { others: false, owner: false },
}

test.each(Object.keys(scenes))(
  'what is decided of a(n) %s is done to it, and undone, again and again',
  async (name) => {
    const scene = await scenes[name]?.()
    if (!scene) throw new Error(name)
    const { subject, ownerId, seen } = scene
    const { enforcement } = app.services
    expect(await seen()).toEqual(all)
    for (const action of ['HIDE', 'REMOVE', 'HIDE'] as const) {
      const id = await decideNow(app, enforcement, newDecision(subject, ownerId, action))
      expect(await seen()).toEqual(after[action])
      await revertNow(app, enforcement, id)
      expect(await seen()).toEqual(all)
    }
    // Of two that stand the stronger one counts.
    const removed = await decideNow(app, enforcement, newDecision(subject, ownerId, 'REMOVE'))
    const hidden = await decideNow(app, enforcement, newDecision(subject, ownerId, 'HIDE'))
    expect(await seen()).toEqual(after.REMOVE)
    await revertNow(app, enforcement, removed)
    expect(await seen()).toEqual(after.HIDE)
    await revertNow(app, enforcement, hidden)
    expect(await seen()).toEqual(all)
  },
)

test('whatever a person wrote in the shadow is shown when that decision is undone', async () => {
  const { enforcement } = app.services
  const [host, other] = [await createPhone(app), await createPhone(app)]
  const device: SubjectName = { kind: 'DEVICE', id: host.personId }
  const shadowed = await decideNow(app, enforcement, newDecision(device, host.personId, 'SHADOW'))
  const { id } = await start(host)
  expect(await look(other, id)).toBeNull()
  await revertNow(app, enforcement, shadowed)
  expect(await look(other, id)).not.toBeNull()

  const [ann, ben] = [await createAccount(app), await createAccount(app)]
  const conversationId = await openDirect(ann, ben)
  const account: SubjectName = { kind: 'ACCOUNT', id: ann.accountId }
  const again = await decideNow(app, enforcement, newDecision(account, ann.accountId, 'SHADOW'))
  await call(ann, 'updateProfile', { bio: 'Here' })
  await send(ann, conversationId, 'Hello')
  const bio = async () =>
    (await ben.ask<{ node: { bio: string } }>(profileDocument, { id: ann.profileId })).data?.node.bio
  expect(await bio()).toBe('')
  await revertNow(app, enforcement, again)
  expect(await bio()).toBe('Here')
})
