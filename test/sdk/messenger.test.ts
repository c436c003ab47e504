import { memoryStorage } from '../../sdk/src/store.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { bodiesOf, createGroup, done, openDirect, send } from '../kit/conversations.ts'
import { eventually } from '../kit/eventually.ts'
import { shownOn } from './histories.ts'
import { RealDevice } from './real-device.ts'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({ DATABASE_POOL_SIZE: '10' })
  other = await app.node()
})

const deviceOf = (account: TestAccount, on = app, options = {}) => {
  const storage = memoryStorage()
  return new RealDevice({ app: on, account, open: () => storage, options })
}

const bodies = async (device: RealDevice, id: string) =>
  (await shownOn(device, id)).messages.map(({ body, status }) => (status === 'sent' ? body : `${body} (${status})`))

const shows = (device: RealDevice, id: string, expected: (string | null)[]) =>
  eventually(
    () => bodies(device, id),
    (found) => JSON.stringify(found) === JSON.stringify(expected),
    10_000,
  )

async function pair() {
  const [ann, bob] = await Promise.all([createAccount(app), createAccount(app)])
  return { ann, bob, id: await openDirect(ann, bob) }
}

test('two people talk over two nodes, one of them offline at times, and both see the same', async () => {
  const { ann, bob, id } = await pair()
  const [phone, laptop] = [deviceOf(ann), deviceOf(bob, other)]
  await phone.messenger.send(id, 'hello')
  await shows(laptop, id, ['hello'])
  await laptop.messenger.send(id, 'hi')
  await shows(phone, id, ['hello', 'hi'])
  phone.setOnline(false)
  await phone.messenger.send(id, 'in the tunnel')
  await phone.messenger.send(id, 'still there')
  await laptop.messenger.send(id, 'where are you?')
  await shows(laptop, id, ['hello', 'hi', 'where are you?'])
  expect(await bodies(phone, id)).toEqual(['hello', 'hi', 'in the tunnel (pending)', 'still there (pending)'])
  phone.setOnline(true)
  const all = ['hello', 'hi', 'where are you?', 'in the tunnel', 'still there']
  await shows(phone, id, all)
  await shows(laptop, id, all)
  expect(await bodiesOf(ann, id)).toEqual(all)
})

test('what came while the outbox waited is not passed over: the own message takes its place behind it', async () => {
  const { ann, bob, id } = await pair()
  const phone = deviceOf(ann)
  await shows(phone, id, [])
  phone.setOnline(false)
  await send(bob, id, 'five')
  await phone.messenger.send(id, 'six')
  phone.setOnline(true)
  await shows(phone, id, ['five', 'six'])
})

test('changes are shown at once, and are there on the other side: edit, reaction, deletion, reading', async () => {
  const { ann, bob, id } = await pair()
  const [phone, laptop] = [deviceOf(ann), deviceOf(bob, other)]
  await phone.messenger.send(id, 'frist')
  await shows(laptop, id, ['frist'])
  const [typo] = (await shownOn(phone, id)).messages
  await phone.messenger.edit(typo!, 'first')
  expect(await bodies(phone, id)).toEqual(['first'])
  await shows(laptop, id, ['first'])
  const [seen] = (await shownOn(laptop, id)).messages
  await laptop.messenger.react(seen!, '👍', true)
  const reactions = async () => (await shownOn(phone, id)).messages[0]?.reactions
  expect(await eventually(reactions, (found) => found?.length === 1)).toEqual([
    { emoji: '👍', profileIds: [bob.profileId] },
  ])
  const list = (device: RealDevice) => device.messenger.conversations()
  const stops = [phone, laptop].map((device) => list(device).subscribe(() => undefined))
  const unread = () => list(laptop).get()[0]?.unreadCount
  await eventually(unread, (count) => count === 1)
  await laptop.messenger.markRead(id)
  await eventually(unread, (count) => count === 0)
  const readUpTo = () =>
    list(phone)
      .get()[0]
      ?.members.find(({ profileId }) => profileId === bob.profileId)?.readSeq
  await eventually(readUpTo, (seq) => seq === typo!.seq)
  await phone.messenger.remove(typo!)
  await shows(laptop, id, [null])
  for (const stop of stops) stop()
})

test('a new group appears by itself, and goes for whoever is removed, with what it said', async () => {
  const [ann, bob] = await Promise.all([createAccount(app), createAccount(app)])
  await openDirect(ann, bob)
  const phone = deviceOf(bob, other)
  const list = phone.messenger.conversations()
  const stop = list.subscribe(() => undefined)
  await eventually(list.get, (found) => found.length === 1)
  const id = await createGroup(ann, [bob], 'Chess')
  await send(ann, id, 'who plays?')
  await eventually(list.get, (found) => found.some(({ title, unreadCount }) => title === 'Chess' && unreadCount === 1))
  await done(ann, 'removeConversationMember', { conversationId: id, profileId: bob.profileId })
  await eventually(list.get, (found) => found.length === 1)
  expect((await shownOn(phone, id)).messages).toEqual([])
  await done(ann, 'addConversationMembers', { conversationId: id, profileIds: [bob.profileId] })
  await send(ann, id, 'again')
  await shows(phone, id, ['again'])
  stop()
})

test('two devices of one account show the same, and a third that comes later too', async () => {
  const { ann, bob, id } = await pair()
  const [one, two] = [deviceOf(ann), deviceOf(await signedInAgain(ann), other)]
  await one.messenger.send(id, 'from one')
  await shows(two, id, ['from one'])
  await two.messenger.send(id, 'from two')
  await shows(one, id, ['from one', 'from two'])
  await shows(deviceOf(bob), id, ['from one', 'from two'])
})

test('older messages are fetched when they are asked for', async () => {
  const { ann, bob, id } = await pair()
  const said = Array.from({ length: 130 }, (_, n) => `message ${n}`)
  for (const body of said) await send(bob, id, body)
  const phone = deviceOf(ann)
  await eventually(
    () => bodies(phone, id),
    (found) => found.length === 20,
  )
  const live = phone.messenger.messages(id)
  const stop = live.subscribe(() => undefined)
  while (await phone.messenger.loadOlder(id, 40));
  await eventually(live.get, ({ messages }) => messages.length === 130)
  expect(live.get().messages.map(({ body }) => body)).toEqual(said)
  expect(live.get().hasOlder).toBe(false)
  stop()
})

/** The same person, signed in once more. */
async function signedInAgain(ann: TestAccount): Promise<TestAccount> {
  return { ...ann, ...(await app.services.identity.mintSignIn(ann.accountId)) }
}

test('many new conversations at once are taken over a few at a time', async () => {
  const [ann, bob] = await Promise.all([createAccount(app), createAccount(app)])
  await openDirect(ann, bob)
  const phone = deviceOf(bob)
  const list = phone.messenger.conversations()
  const stop = list.subscribe(() => undefined)
  await eventually(list.get, (found) => found.length === 1)
  phone.setOnline(false)
  for (let n = 0; n < 10; n++) {
    const id = await createGroup(ann, [bob], `Group ${n}`)
    for (let m = 0; m < 25; m++) await send(ann, id, `message ${m}`)
  }
  phone.setOnline(true)
  const total = () => list.get().reduce((sum, { unreadCount }) => sum + unreadCount, 0)
  await eventually(total, (count) => count === 250, 10_000)
  stop()
})
