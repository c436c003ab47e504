import fc from 'fast-check'
import { createId } from '../../src/platform/ids.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, openDirect, outcome } from '../kit/conversations.ts'
import { runs } from '../kit/fuzz.ts'
import { lift, rawId, restrict } from '../kit/hiding.ts'
import { newClientId } from '../kit/phones.ts'
import { hashOf, ModelClient, type State, serverState, withoutReplies } from '../kit/sync-model.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const people = 4
const who = fc.nat({ max: people - 1 })
const small = fc.nat({ max: 9 })
const emoji = fc.constantFrom('👍', '🎉', '❤️')

/** What somebody tries to do, or that a client of theirs asks what it missed, so many changes at once. What is refused is nothing. */
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('send' as const), who, chat: small, reply: fc.option(small) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('edit' as const), who, chat: small, nth: small }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), who, chat: small, nth: small }) },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('react' as const),
      who,
      chat: small,
      nth: small,
      emoji,
      present: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('read' as const), who, chat: small, upTo: fc.nat({ max: 60 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('delivered' as const), who, chat: small, upTo: fc.nat({ max: 60 }) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('add' as const), who, chat: small, whom: who }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('remove' as const), who, chat: small, whom: who }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('leave' as const), who, chat: small }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('role' as const),
      ...{ who, chat: small, whom: who, role: fc.constantFrom('OWNER', 'ADMIN', 'MEMBER') },
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('rename' as const),
      who,
      chat: small,
      name: fc.constantFrom('Go', 'Chess'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('open' as const),
      who,
      others: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('decide' as const),
      ...{
        who,
        chat: small,
        nth: small,
        state: fc.constantFrom('VISIBLE' as const, 'HIDDEN' as const, 'REMOVED' as const),
      },
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('shadow' as const), who, chat: small }) },
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('catch up' as const), who, first: fc.integer({ min: 1, max: 5 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface World {
  crowd: TestAccount[]
  clients: ModelClient[]
  chats: string[]
  messages: string[][]
  /** By who is shadowed. */
  shadows: Map<TestAccount, string>
}

async function createWorld(): Promise<World> {
  const crowd: TestAccount[] = []
  for (let i = 0; i < people; i++) crowd.push(await createAccount(app))
  const [ann, ben, cid, dan] = crowd as [TestAccount, TestAccount, TestAccount, TestAccount]
  const chats = []
  for (const other of [ben, cid, dan]) chats.push(await openDirect(ann, other))
  chats.push(await createGroup(ann, [ben, cid, dan]))
  // Half of them begin with a bootstrap of the first moment, and the others with nothing.
  const clients = crowd.map((one) => new ModelClient(one))
  for (const client of clients.slice(0, 2)) await client.begin(2, 5)
  return { crowd, clients, chats, messages: chats.map(() => []), shadows: new Map() }
}

/** Whoever is shadowed is so no more, and everything that it hid is there. */
async function shadow({ shadows }: World, who: TestAccount): Promise<void> {
  const known = shadows.get(who)
  if (known === undefined) return void shadows.set(who, await restrict(app, who, 'SHADOW'))
  shadows.delete(who)
  await lift(app, who, known)
  await app.services.messages.subjects.reveal(who.accountId, known)
}

async function perform(world: World, step: Step): Promise<void> {
  const { crowd, clients, chats, messages } = world
  const actor = crowd[step.who] as TestAccount
  if (step.what === 'shadow') return shadow(world, actor)
  if (step.what === 'catch up') return clients[step.who]?.catchUp(step.first)
  if (step.what === 'open') {
    const others = step.others.filter((i) => i !== step.who).map((i) => crowd[i]?.username)
    const made = await outcome(actor, 'createGroupConversation', {
      clientId: newClientId(),
      name: 'New',
      usernames: others,
    })
    if (made.conversation) {
      chats.push(made.conversation.id)
      messages.push([])
    }
    return
  }
  const index = step.chat % chats.length
  const [conversationId, said] = [chats[index], messages[index] ?? []]
  const nth = (i: number) => said[i % Math.max(1, said.length)] ?? 'none'
  const profileId = 'whom' in step ? crowd[step.whom]?.profileId : undefined
  switch (step.what) {
    case 'send': {
      const reply = step.reply === null || said.length === 0 ? {} : { replyToId: nth(step.reply) }
      const input = { conversationId, clientId: newClientId(), body: `message ${said.length}`, ...reply }
      const { sentMessage } = await outcome(actor, 'sendMessage', input)
      if (sentMessage) said.push(sentMessage.id)
      return
    }
    case 'decide':
      await app.services.messages.subjects.setState(rawId(nth(step.nth)), step.state, createId(app.clock.now()))
      return
    case 'edit':
      await outcome(actor, 'editMessage', { messageId: nth(step.nth), body: `edited ${newClientId()}` })
      return
    case 'delete':
      await outcome(actor, 'deleteMessage', { messageId: nth(step.nth) })
      return
    case 'react':
      await outcome(actor, 'setReaction', { messageId: nth(step.nth), emoji: step.emoji, present: step.present })
      return
    case 'read':
      await outcome(actor, 'markRead', { conversationId, upToSeq: step.upTo })
      return
    case 'delivered':
      await outcome(actor, 'markDelivered', { conversationId, upToSeq: step.upTo })
      return
    case 'add':
      await outcome(actor, 'addConversationMembers', { conversationId, profileIds: [profileId] })
      return
    case 'remove':
      await outcome(actor, 'removeConversationMember', { conversationId, profileId })
      return
    case 'leave':
      await outcome(actor, 'leaveConversation', { conversationId })
      return
    case 'role':
      await outcome(actor, 'setConversationRole', { conversationId, profileId, role: step.role })
      return
    case 'rename':
      await outcome(actor, 'renameConversation', { conversationId, name: step.name })
  }
}

test('whatever happens, and whenever clients ask, each has in the end what the server has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 45 }), async (steps) => {
      const world = await createWorld()
      for (const step of steps) await perform(world, step)
      for (const [i, client] of world.clients.entries()) {
        await client.catchUp(3)
        const server = await serverState(world.crowd[i] as TestAccount)
        // Shown where the hashes differ: they are what counts.
        const [own, theirs] = [client.state, server].map(withoutReplies) as [State, State]
        if (hashOf(own) !== hashOf(theirs)) expect(own).toEqual(theirs)
        expect(hashOf(own)).toBe(hashOf(theirs))
        const late = new ModelClient(world.crowd[i] as TestAccount)
        await late.begin(3, 50)
        expect(hashOf(late.state)).toBe(hashOf(server))
      }
    }),
    { ...runs(10), endOnFailure: true },
  )
}, 240_000)
