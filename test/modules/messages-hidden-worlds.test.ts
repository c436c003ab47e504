import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { conversationOf, createGroup, done, openDirect, outcome, send } from '../kit/conversations.ts'
import { changesUpTo, listen, restrict, type ToldEvent } from '../kit/hiding.ts'
import { newClientId } from '../kit/phones.ts'
import type { Stream } from '../kit/socket.ts'
import { bootstrap, type ChangeNode, changesFor } from '../kit/sync-model.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

/** Ids by the order in which they come, times and cursors by that there are any: two worlds in which the same happened are alike. */
function normalised(told: unknown): unknown {
  const names = new Map<string, string>()
  const text = JSON.stringify(told, (key, value: unknown) => {
    if (/cursor|since|nextPage|after/i.test(key) && typeof value === 'string') return 'a cursor'
    if (typeof value !== 'string') return key === 'profiles' && Array.isArray(value) ? value.length : value
    if (key === 'clientId') return 'a client id'
    if (/^\d{4}-\d\d-\d\dT/.test(value)) return 'a time'
    return value
  })
  const named = text.replace(/"([A-Za-z0-9+/]{24,}=*)"/g, (whole, id: string) => {
    const [type = '', uuid = '', seq = ''] = Buffer.from(id, 'base64').toString().split(':')
    if (!/^[0-9a-f-]{36}$/.test(uuid)) return whole
    if (!names.has(uuid)) names.set(uuid, `${type} ${names.size}`)
    return JSON.stringify(`${names.get(uuid)} ${seq}`)
  })
  return JSON.parse(named.replace(/"(u[0-9a-f]{16}|[0-9a-f-]{36})"/g, '"a name"'))
}

const listDocument = `query { conversations(first: 20) { edges { node { id name lastActivityAt lastMessage { id body } unreadCount latestSeq myRole
  members { profile { id } role readSeq } } } pageInfo { hasNextPage } } }`
const nodesDocument = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Conversation { name }
  ... on Message { body replyTo { id } sender { id } reactions { emoji profileIds } } } }`

/** Everything that a life of writing gives an author: what each write is answered, and what they can look at or hear. */
async function life(shadowed: boolean): Promise<Record<string, unknown>> {
  const person = () => createAccount(app)
  const [author, friend, third, stranger] = [await person(), await person(), await person(), await person()]
  const people = [friend, third, stranger]
  const direct = await openDirect(author, friend)
  await openDirect(author, third)
  const group = await createGroup(author, [friend, third])
  const before = await send(author, group, 'said before')
  if (shadowed) await restrict(app, author, 'SHADOW')

  const streams = new Map<string, { stream: Stream<ToldEvent>; cursor: string }>()
  for (const id of [direct, group]) streams.set(id, await listen(author, { id }))
  const inbox = await listen(author)
  const { since } = await bootstrap(author)
  const answers: unknown[] = []
  const act = async (name: string, input: object) => {
    const answer = await outcome(author, name, input)
    answers.push({ name, answer })
    return answer
  }
  const say = async (conversationId: string, body: string, more: object = {}) =>
    (await act('sendMessage', { conversationId, clientId: newClientId(), body, ...more })).sentMessage?.id ?? ''

  await send(friend, group, 'from a friend')
  const first = await say(group, 'first')
  const again = { conversationId: group, clientId: newClientId(), body: 'twice' }
  for (let i = 0; i < 2; i++) await act('sendMessage', again)
  await act('sendMessage', { ...again, body: 'not the same' })
  const second = await say(group, 'an answer', { replyToId: first })
  await act('setReaction', { messageId: first, emoji: '👍', present: true })
  await act('editMessage', { messageId: first, body: 'first, edited' })
  await act('editMessage', { messageId: first, body: 'first, edited' })
  const gone = await say(direct, 'to be deleted')
  await act('deleteMessage', { messageId: gone })
  await act('setReaction', { messageId: gone, emoji: '👍', present: true })
  await send(third, group, 'from a third')
  await done(friend, 'markRead', { conversationId: group, upToSeq: 99 })
  await act('markRead', { conversationId: group, upToSeq: 99 })
  await say(direct, 'the last')
  const made = await act('openDirectConversation', { username: stranger.username })
  await act('openDirectConversation', { username: stranger.username })
  const withStranger = made.conversation?.id ?? ''
  await say(withStranger, 'hello stranger')
  const input = { clientId: newClientId(), name: 'Plans', usernames: [friend.username, stranger.username] }
  const own = (await act('createGroupConversation', input)).conversation?.id ?? ''
  await act('createGroupConversation', input)
  await act('renameConversation', { conversationId: own, name: 'Better plans' })
  await act('renameConversation', { conversationId: group, name: 'Walks' })
  const adding = { conversationId: own, profileIds: [third.profileId] }
  for (let i = 0; i < 2; i++) await act('addConversationMembers', adding)
  await act('setConversationRole', { conversationId: own, profileId: third.profileId, role: 'ADMIN' })
  await act('removeConversationMember', { conversationId: own, profileId: friend.profileId })
  await say(own, 'welcome', { replyToId: before.id })
  await say(own, 'welcome')

  const ids = [direct, group, withStranger, own]
  const conversations = []
  for (const id of ids) conversations.push(await conversationOf(author, id))
  const live = []
  for (const { id, latestSeq } of conversations) {
    const heard = streams.get(id)
    if (heard) live.push(await changesUpTo(heard.stream, id, latestSeq))
    const replay = await listen(author, { id, ...(heard && { after: heard.cursor }) })
    if (heard) live.push(await changesUpTo(replay.stream, id, latestSeq))
    heard?.stream.stop()
    replay.stream.stop()
  }
  const heard: { after: string | undefined; change: ChangeNode | undefined }[] = []
  const last = conversations.at(-1)
  for (const after of [undefined, inbox.cursor]) {
    const { stream } = after ? await listen(author, { after }) : inbox
    let seq = 0
    while (seq < (last?.latestSeq ?? 0)) {
      const { change } = await stream.next()
      heard.push({ after, change })
      if (change?.conversationId === own) seq = change.seq
    }
    stream.stop()
  }
  const told = {
    ...{ answers, conversations, live },
    // Conversations are told of in no order among each other.
    heard: ids.map((id) => heard.filter(({ change }) => change?.conversationId === id)),
    list: await author.ask(listDocument),
    nodes: await author.ask(nodesDocument, { ids: [first, second, gone, before.id, withStranger, own] }),
    bootstrap: await bootstrap(author),
    changes: await changesFor(author, { after: ids.map((conversationId) => ({ conversationId, seq: 0 })) }),
    changed: (await changesFor(author, { since })).changed.length,
    acquainted: (
      await app.services.messages.acquainted(
        author.accountId,
        people.map(({ accountId }) => accountId),
      )
    ).size,
  }
  return normalised(told) as Record<string, unknown>
}

test('everything that a shadowed author can get is what an author gets who is not', async () => {
  const [ordinary, shadowed] = [await life(false), await life(true)]
  for (const path of Object.keys(ordinary)) expect({ [path]: shadowed[path] }).toEqual({ [path]: ordinary[path] })
})
