import fc from 'fast-check'
import { memoryStorage } from '../../sdk/src/store.ts'
import { createId } from '../../src/platform/ids.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { conversationOf, createGroup, done, openDirect, outcome, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { runs } from '../kit/fuzz.ts'
import { lift, rawId, restrict } from '../kit/hiding.ts'
import { keptOn, seeded, shownOn } from './histories.ts'
import { RealDevice } from './real-device.ts'

let nodes: TestApp[]
beforeAll(async () => {
  const app = await createTestApp({ DATABASE_POOL_SIZE: '10' })
  nodes = [app, await app.node()]
})

/** What a device keeps, as far as the API says the same: read where it is kept. */
async function stateOn(device: RealDevice) {
  const kept = await keptOn({ read: (work) => device.storage.transaction('read', work) })
  return kept.map(({ conversation, members, messages }) => ({
    id: conversation.id,
    name: conversation.name,
    upToSeq: conversation.upToSeq,
    unreadCount: conversation.unread + conversation.unreadOlder,
    members: members
      .map((one) => [one.profileId, one.role, one.joinedSeq, one.readSeq, one.deliveredSeq].join())
      .sort(),
    messages: messages.map((one) => [one.seq, one.clientId, one.body, one.senderId, ...reactionsOf(one)].join()),
  }))
}

const reactionsOf = ({ reactions }: { reactions: { emoji: string; profileIds: string[] }[] }) =>
  reactions.map(({ emoji, profileIds }) => `${emoji}${[...profileIds].sort().join('+')}`).sort()

async function stateAt(account: TestAccount, ids: readonly string[]) {
  const found = await Promise.all(ids.map((id) => conversationOf(account, id).catch(() => undefined)))
  return found
    .flatMap((conversation) => (conversation ? [conversation] : []))
    .map(({ id, name, latestSeq, unreadCount, members, messages }) => ({
      ...{ id, name, upToSeq: latestSeq, unreadCount },
      members: members
        .map((one) => [one.profile.id, one.role, one.joinedSeq, one.readSeq, one.deliveredSeq].join())
        .sort(),
      messages: messages.edges.map(({ node }) => {
        const { reactions } = node as unknown as Parameters<typeof reactionsOf>[0]
        return [node.seq, node.clientId, node.body, node.sender?.id ?? null, ...reactionsOf({ reactions })].join()
      }),
    }))
}

async function liveThrough(seed: number): Promise<void> {
  const random = seeded(seed)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const [app] = nodes as [TestApp]
  const [ann, bob, cid] = [await createAccount(app), await createAccount(app), await createAccount(app)]
  const again = { ...ann, ...(await app.services.identity.mintSignIn(ann.accountId)) }
  const group = await createGroup(cid, [ann, bob])
  const ids = [await openDirect(ann, bob), group]
  const devices = [ann, again, bob].map((account) => {
    const storage = memoryStorage()
    return new RealDevice({ app: pick(nodes), account, open: () => storage, random })
  })
  for (const device of devices) device.lostAnswers = 0.2
  const shadows = new Map<TestAccount, string>()

  for (let step = 0; step < 30; step++) {
    const [device, id, dice] = [pick(devices), pick(ids), random()]
    const { messenger } = device
    if (dice < 0.4) await messenger.send(id, `message ${step}`)
    else if (dice < 0.5) await messenger.markRead(id)
    else if (dice < 0.6) device.setOnline(false)
    else if (dice < 0.72) device.setOnline(true)
    else if (dice < 0.8) device.kill({ app: pick(nodes) })
    else if (dice < 0.86) await change(device, id, step)
    else if (dice < 0.9) await decide(id)
    else if (dice < 0.92) await shadow(pick([ann, bob, cid]))
    else if (dice < 0.95) await send(cid, group, `hi ${step}`)
    else await comeOrGo(pick([ann, bob]))
    for (let turns = random() * 60; turns > 0; turns--) await new Promise(setImmediate)
  }

  async function change({ messenger }: RealDevice, id: string, step: number) {
    const message = (await shownOn({ messenger }, id)).messages.at(-1)
    const kind = random()
    if (!message) return
    if (kind < 0.4) await messenger.react(message, '👍', kind < 0.3)
    else if (message.isMine && kind < 0.8) await messenger.edit(message, `edited ${step}`)
    else if (message.isMine) await messenger.remove(message)
  }

  async function decide(id: string) {
    const { messages } = await conversationOf(cid, id).catch(() => conversationOf(ann, id))
    const message = messages.edges.at(-1)?.node
    const state = pick(['VISIBLE', 'HIDDEN', 'REMOVED'] as const)
    if (message) await app.services.messages.subjects.setState(rawId(message.id), state, createId(app.clock.now()))
  }

  async function shadow(who: TestAccount) {
    const known = shadows.get(who)
    if (known === undefined) return void shadows.set(who, await restrict(app, who, 'SHADOW'))
    shadows.delete(who)
    await lift(app, who, known)
    await app.services.messages.subjects.reveal(who.accountId, known)
  }

  async function comeOrGo({ profileId }: TestAccount) {
    const left = await outcome(cid, 'removeConversationMember', { conversationId: group, profileId })
    if (left.code || random() < 0.6)
      await done(cid, 'addConversationMembers', { conversationId: group, profileIds: [profileId] })
  }

  for (const device of devices) {
    device.lostAnswers = 0
    device.setOnline(true)
  }
  for (const [index, device] of devices.entries()) {
    const account = index < 2 ? ann : bob
    const byId = (one: { id: string }, two: { id: string }) => (one.id < two.id ? -1 : 1)
    const both = async () => {
      for (const id of ids) await device.messenger.loadOlder(id, 100).catch(() => undefined)
      return [
        (await stateOn(device)).sort(byId),
        (await stateAt(account, ids)).sort(byId),
        device.messenger.phase.get(),
      ]
    }
    await eventually(both, ([here, there]) => JSON.stringify(here) === JSON.stringify(there), 30_000)
  }
  for (const device of devices) device.end()
}

test('after any history against two nodes every device has what the server has', async () => {
  const histories = fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => liveThrough(seed))
  await fc.assert(histories, { ...runs(3), endOnFailure: true })
}, 3_600_000)
