import type { Job } from '../../sdk/src/messenger/jobs.ts'
import { within } from '../../sdk/src/messenger/keys.ts'
import type { ConversationMessages } from '../../sdk/src/messenger/message-lists.ts'
import type { ConversationRecord, MemberRecord, MessageRecord } from '../../sdk/src/messenger/records.ts'
import { everything } from '../../sdk/src/store/storage.ts'
import { ModelServer, Refused, type State } from './model-server.ts'
import { Device, type Faults, noFaults, SimulatedClock } from './simulation.ts'

export type Random = () => number

/** The same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const pick = <Item>(items: readonly Item[], random: Random): Item | undefined =>
  items[Math.floor(random() * items.length)]

const trouble: Faults = {
  lostRequest: 0.08,
  lostAnswer: 0.2,
  repeatedRequest: 0.1,
  reordered: 0.3,
  repeatedEvent: 0.15,
  refused: 0.08,
}

const calmMs = 400_000

interface Written {
  device: Device
  conversationId: string
  key: string
}

/** Two accounts on three devices, and two more people, live through some minutes; at the end everything has to be alike. */
export async function liveThrough(seed: number, steps = 40): Promise<void> {
  const random = seeded(seed)
  const clock = new SimulatedClock()
  const server = new ModelServer(clock.now)
  const faults = { ...trouble }
  const direct = server.create('DIRECT', 'ann', ['bob'])
  const group = server.create('GROUP', 'cid', ['ann', 'bob', 'dot'], 'Group')
  const conversations = [direct, group]
  const device = (accountId: string) => new Device({ server, clock, accountId, random, faults })
  const devices = [device('ann'), device('ann'), device('bob')]
  const written: Written[] = []
  const discarded = new Set<string>()
  const retried = new Set<string>()

  for (let step = 0; step < steps; step++) {
    await act(step).catch(expected)
    await clock.pass(random() * 1500)
  }
  Object.assign(faults, noFaults)
  for (const one of devices) {
    one.signedIn.set(true)
    one.setOnline(true)
  }
  await clock.pass(calmMs)
  for (const one of devices) await compare(one, server, clock)
  await checkSent(server, written, discarded)
  checkOrder(
    server,
    written.filter(({ key }) => !retried.has(key)),
  )

  async function act(step: number): Promise<void> {
    const one = pick(devices, random) as Device
    const { messenger } = one
    const id = pick(conversations, random) as string
    const dice = random() * 100
    if (dice < 34) await write(one, id, `message ${step}`)
    else if (dice < 50) await change(one, id, step)
    else if (dice < 56) await messenger.markRead(id)
    else if (dice < 66) one.setOnline(false)
    else if (dice < 78) one.setOnline(true)
    else if (dice < 84) one.kill()
    else if (dice < 86) one.signedIn.set(false)
    else if (dice < 89) one.signedIn.set(true)
    else if (dice < 91) void messenger.loadOlder(id, 5).catch(() => undefined)
    else if (dice < 95) decide()
    else byOthers(step)
  }

  async function write(one: Device, id: string, body: string) {
    const last = random() < 0.2 ? (await shownOn(one, id)).messages.at(-1) : undefined
    // Kept only if this resolves.
    const key = await one.messenger.send(id, body, last && { replyTo: last })
    written.push({ device: one, conversationId: id, key })
  }

  async function change(one: Device, id: string, step: number) {
    const { messages } = await shownOn(one, id)
    const message = pick(messages, random)
    if (!message) return
    const dice = random()
    if (dice < 0.4) await one.messenger.react(message, random() < 0.5 ? '👍' : '🎉', random() < 0.7)
    else if (message.isMine && dice < 0.75) {
      // What was refused is tried again, after everything else, and what answers it with it.
      for (const { clientId, state } of await outboxOf(one)) if (state === 'failed') retried.add(clientId)
      await one.messenger.edit(message, `edited ${step}`)
    } else if (message.isMine) {
      discarded.add(message.key)
      await one.messenger.remove(message)
    }
  }

  /** Somebody decides what becomes of a message. */
  function decide() {
    const { id, messages } = server.conversations.get(pick(conversations, random) as string) ?? {}
    const seq = pick([...(messages?.keys() ?? [])].slice(-6), random)
    if (id && seq) server.setState(id, seq, pick(['VISIBLE', 'HIDDEN', 'REMOVED'], random) as State)
  }

  function shadow() {
    const who = pick(['ann', 'bob', 'cid'], random) as string
    if (server.shadowed.has(who)) server.reveal(who)
    else server.shadowed.add(who)
  }

  function byOthers(step: number) {
    const dice = random()
    if (dice < 0.3)
      server.send('cid', { conversationId: group, clientId: `cid-${step}`, body: `hi ${step}`, replyToId: null })
    else if (dice < 0.45) server.takeOut('cid', group, pick(['ann', 'bob'], random) as string)
    else if (dice < 0.65) server.add('cid', group, pick(['ann', 'bob'], random) as string)
    else if (dice < 0.75) server.rename('cid', group, `Group ${step}`)
    else if (dice < 0.82) server.setRole('cid', group, 'bob', random() < 0.5 ? 'ADMIN' : 'MEMBER')
    else if (dice < 0.87) shadow()
    else if (dice < 0.9) server.erase('dot')
    else conversations.push(server.create('GROUP', 'cid', ['ann', 'bob'], `New ${step}`))
  }
}

/** What may fail while everything goes wrong: the killed process, and a message that is not here any more. */
function expected(reason: unknown): void {
  const known = reason instanceof Refused || /dead|not here any more/.test(String(reason))
  if (!known) throw reason
}

/** What a person would see. */
export async function shownOn({ messenger }: Pick<Device, 'messenger'>, id: string): Promise<ConversationMessages> {
  const live = messenger.messages(id)
  return new Promise((resolve) => {
    const stop = live.subscribe((value) => {
      if (!value.isLoaded) return
      queueMicrotask(() => stop())
      resolve(value)
    })
    // Somebody who looks at a dead process sees what was there.
    setImmediate(() => {
      stop()
      resolve(live.get())
    })
  })
}

interface Kept {
  conversation: ConversationRecord
  members: MemberRecord[]
  messages: MessageRecord[]
}

export async function keptOn(one: Pick<Device, 'read'>): Promise<Kept[]> {
  return one.read(async (tx) => {
    const conversations = await tx.range<ConversationRecord>('conversations', everything)
    return Promise.all(
      conversations.map(async ({ key, value }) => ({
        conversation: value,
        members: (await tx.range<MemberRecord>('members', within(key))).map((row) => row.value),
        messages: (await tx.range<MessageRecord>('messages', within(key))).map((row) => row.value),
      })),
    )
  })
}

const byProfile = (one: MemberRecord, two: MemberRecord) => (one.profileId < two.profileId ? -1 : 1)

/** Everything a device keeps, older messages fetched too, has to be what the server would show to its account. */
export async function compare(one: Device, server: ModelServer, clock: SimulatedClock): Promise<void> {
  for (const { conversation } of await keptOn(one)) {
    const loading = one.messenger.loadOlder(conversation.id, 10_000).catch(String)
    await clock.pass(60_000)
    await loading
  }
  const kept = (await keptOn(one)).map(({ conversation, members, messages }) => ({
    id: conversation.id,
    kind: conversation.kind,
    name: conversation.name,
    lastActivityAt: conversation.lastActivityAt,
    firstSeq: conversation.firstSeq,
    upToSeq: conversation.upToSeq,
    latestSeq: conversation.latestSeq,
    unreadCount: conversation.unread + conversation.unreadOlder,
    unreadOlder: conversation.unreadOlder,
    readSeq: conversation.readSeq,
    stale: conversation.stale,
    lastMessage: conversation.lastMessage?.body,
    members: members.sort(byProfile),
    messages,
  }))
  const own = [...server.conversations.values()].filter(({ members }) => members.get(one.accountId)?.leftAt === null)
  const there = own.map((conversation) => {
    const {
      createdAt: _,
      hasOlder: __,
      olderCursor: ___,
      ...snapshot
    } = server.snapshot(one.accountId, conversation, 1e6)
    return {
      ...snapshot,
      latestSeq: snapshot.upToSeq,
      unreadOlder: 0,
      readSeq: conversation.members.get(one.accountId)?.readSeq,
      stale: null,
      lastMessage: snapshot.messages.at(-1)?.body,
      members: snapshot.members.sort(byProfile),
    }
  })
  expect(kept).toEqual(there)
}

const outboxOf = (one: Device): Promise<Job[]> =>
  one.read(async (tx) => (await tx.range<Job>('outbox', everything)).map(({ value }) => value))

/** What was written is there once, or still here as refused; nothing waits any more. */
async function checkSent(
  server: ModelServer,
  written: readonly Written[],
  discarded: ReadonlySet<string>,
): Promise<void> {
  for (const { device, conversationId, key } of written) {
    const conversation = server.conversations.get(conversationId)
    const there = [...(conversation?.messages.values() ?? [])].filter(({ clientId }) => clientId === key)
    const jobs = await outboxOf(device)
    expect(jobs.filter(({ state }) => state !== 'failed')).toEqual([])
    const isRefused = jobs.some(({ clientId }) => clientId === key)
    // It arrived, its answer was lost, and its sender was removed: whoever comes back sees nothing from before. Trying again finds it.
    const member = conversation?.members.get(device.accountId)
    const isOutOfSight =
      member?.leftAt !== null ||
      there.every((message) => message.seq < member.joinedSeq || server.stateOf(message) === 'REMOVED')
    if (there.length > 1 || (isRefused && !isOutOfSight)) expect([key, there.length]).toEqual([key, 0])
    if (!isRefused && !discarded.has(key)) expect([key, there.length]).toEqual([key, 1])
  }
}

/** Of each device and conversation, in the order in which they were written. */
function checkOrder(server: ModelServer, written: readonly Written[]): void {
  const last = new Map<Device, Map<string, number>>()
  for (const { device, conversationId, key } of written) {
    const messages = [...(server.conversations.get(conversationId)?.messages.values() ?? [])]
    const seq = messages.find(({ clientId }) => clientId === key)?.seq
    if (seq === undefined) continue
    const own = last.get(device) ?? new Map<string, number>()
    last.set(device, own)
    expect(seq).toBeGreaterThan(own.get(conversationId) ?? 0)
    own.set(conversationId, seq)
  }
}
