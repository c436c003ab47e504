import type { BootstrapPage, OlderMessages, Position, Pulled } from '../../sdk/src/messenger/api.ts'
import type {
  Change,
  ConversationRole,
  MessageRecord,
  ProfileRecord,
  Snapshot,
} from '../../sdk/src/messenger/records.ts'

interface Gate {
  isRestricted: boolean
  refused: { reason: string; challenge: { challenge: string; difficulty: number } | null } | null
}

/** What a model of the server refuses with, in the codes of the real one. */
export class Refused extends Error {
  readonly code: string
  readonly retryAfterMs: number | undefined
  /** As the gate says it, where it does. */
  readonly isRestricted: boolean
  readonly refused: Gate['refused'] | null
  constructor(code: string, retryAfterMs?: number, { isRestricted = false, refused = null }: Partial<Gate> = {}) {
    super(code)
    this.code = code
    this.retryAfterMs = retryAfterMs
    this.isRestricted = isRestricted
    this.refused = refused
  }
}

interface Member {
  role: ConversationRole
  joinedSeq: number
  joinedAt: string
  readSeq: number
  deliveredSeq: number
  leftAt: number | null
}

/** To whom a message is shown: to everybody, to its author, or to nobody. */
export type State = 'VISIBLE' | 'HIDDEN' | 'REMOVED'

type Happening =
  | { kind: 'created' }
  | { kind: 'sent' | 'edited' | 'deleted' | 'reaction'; target: number }
  | { kind: 'state'; target: number; from: State; to: State }
  | { kind: 'read' | 'delivered'; upToSeq: number }
  | { kind: 'member'; who: string; change: 'ADDED' | 'LEFT' | 'REMOVED' | 'ROLE'; role: ConversationRole }
  | { kind: 'renamed'; name: string }
  | { kind: 'erased'; ranges: { from: number; to: number }[] }

type Entry = Happening & { seq: number; actor: string | null; at: string }

interface Conversation {
  id: string
  kind: 'DIRECT' | 'GROUP'
  name: string | null
  createdAt: string
  changedAt: number
  entries: Entry[]
  messages: Map<number, MessageRecord>
  members: Map<string, Member>
}

export interface Pointer {
  conversationId: string
  seq: number
}

const positionsOf = 100
const overlapMs = 15_000

/** The rules of the API's contract in memory: positions, idempotency, visible ranges, cursors, an inbox with a window. */
export class ModelServer {
  readonly conversations = new Map<string, Conversation>()
  readonly inboxes = new Map<string, { pointers: Pointer[]; dropped: number }>()
  readonly listeners = new Set<(accountId: string, index: number) => void>()
  inboxWindow = 40
  pageSize = 7
  changesAtOnce = 5
  private readonly now: () => number
  private ids = 0

  constructor(now: () => number) {
    this.now = now
  }

  private readonly at = () => new Date(this.now()).toISOString()

  profile = (id: string): ProfileRecord => ({ id, username: `user-${id}`, displayName: id.toUpperCase() })

  private inbox(accountId: string) {
    const found = this.inboxes.get(accountId) ?? { pointers: [], dropped: 0 }
    this.inboxes.set(accountId, found)
    return found
  }

  // ── what happens ──────────────────────────────────────────────────────────

  create(kind: 'DIRECT' | 'GROUP', creator: string, others: string[], name: string | null = null): string {
    const id = `c${String(++this.ids).padStart(5, '0')}==`
    const at = this.at()
    const conversation: Conversation = {
      ...{ id, kind, name, createdAt: at, changedAt: 0 },
      ...{ entries: [], messages: new Map(), members: new Map() },
    }
    this.conversations.set(id, conversation)
    for (const who of [creator, ...others])
      conversation.members.set(who, {
        role: kind === 'GROUP' && who === creator ? 'OWNER' : 'MEMBER',
        ...{ joinedSeq: 1, joinedAt: at, readSeq: 1, deliveredSeq: 1, leftAt: null },
      })
    this.append(conversation, creator, { kind: 'created' })
    return id
  }

  send(actor: string, given: { conversationId: string; clientId: string; body: string; replyToId: string | null }) {
    const { conversationId, clientId, body, replyToId } = given
    const conversation = this.joined(actor, conversationId)
    if (body.trim() === '' || body.length > 2000) throw new Refused('BAD_USER_INPUT')
    for (const other of this.conversations.values()) {
      for (const message of other.messages.values()) {
        if (message.senderId !== actor || message.clientId !== clientId) continue
        const asked = this.asked.get(message.id)
        if (asked !== JSON.stringify([conversationId, body.trim(), replyToId]))
          throw new Refused('IDEMPOTENCY_MISMATCH')
        if (this.stateOf(message) === 'REMOVED') throw new Refused('NOT_FOUND')
        return this.told(actor, message)
      }
    }
    if (replyToId !== null) this.found(actor, replyToId)
    const seq = conversation.entries.length + 1
    const message: MessageRecord = {
      ...{
        id: `${conversationId}:${seq}`,
        conversationId,
        seq,
        clientId,
        senderId: actor,
        body: body.trim(),
        replyToId,
      },
      ...{ sentAt: this.at(), editedAt: null, deletedAt: null, reactions: [] },
    }
    this.asked.set(message.id, JSON.stringify([conversationId, message.body, replyToId]))
    conversation.messages.set(seq, message)
    if (this.shadowed.has(actor)) this.states.set(message.id, 'HIDDEN')
    this.append(conversation, actor, { kind: 'sent', target: seq })
    return this.told(actor, message)
  }

  /** What these write is shown to them alone. */
  readonly shadowed = new Set<string>()
  private readonly states = new Map<string, State>()

  stateOf = ({ id }: Pick<MessageRecord, 'id'>): State => this.states.get(id) ?? 'VISIBLE'

  /** Somebody decides about a message. */
  setState(conversationId: string, seq: number, to: State): void {
    const conversation = this.conversations.get(conversationId)
    const message = conversation?.messages.get(seq)
    if (!conversation || !message || this.stateOf(message) === to) return
    const from = this.stateOf(message)
    this.states.set(message.id, to)
    this.append(conversation, null, { kind: 'state', target: seq, from, to })
  }

  /** A shadow is undone: all that is hidden of them is shown. */
  reveal(who: string): void {
    this.shadowed.delete(who)
    for (const { id, messages } of this.conversations.values())
      for (const message of messages.values())
        if (message.senderId === who && this.stateOf(message) === 'HIDDEN') this.setState(id, message.seq, 'VISIBLE')
  }

  private readonly isFor = (viewer: string, { senderId }: MessageRecord, state: State) =>
    state === 'VISIBLE' || (state === 'HIDDEN' && senderId === viewer)

  private isShown = (viewer: string, message: MessageRecord) => this.isFor(viewer, message, this.stateOf(message))

  private readonly asked = new Map<string, string>()

  edit(actor: string, messageId: string, body: string): void {
    const { conversation, message } = this.found(actor, messageId)
    if (message.senderId !== actor) throw new Refused('FORBIDDEN')
    if (message.deletedAt) throw new Refused('CONFLICT')
    conversation.messages.set(message.seq, { ...message, body: body.trim(), editedAt: this.at() })
    if (this.shadowed.has(actor)) this.setState(conversation.id, message.seq, 'HIDDEN')
    this.append(conversation, actor, { kind: 'edited', target: message.seq })
  }

  remove(actor: string, messageId: string): void {
    const { conversation, message } = this.found(actor, messageId)
    const role = conversation.members.get(actor)?.role
    if (message.senderId !== actor && role === 'MEMBER') throw new Refused('FORBIDDEN')
    if (message.deletedAt) return
    conversation.messages.set(message.seq, { ...message, body: null, deletedAt: this.at(), reactions: [] })
    this.append(conversation, actor, { kind: 'deleted', target: message.seq })
  }

  react(actor: string, messageId: string, emoji: string, present: boolean): void {
    const { conversation, message } = this.found(actor, messageId)
    if (message.deletedAt) throw new Refused('CONFLICT')
    const people = message.reactions.find((one) => one.emoji === emoji)?.profileIds ?? []
    if (people.includes(actor) === present) return
    const next = present ? [...people, actor] : people.filter((id) => id !== actor)
    const others = message.reactions.filter((one) => one.emoji !== emoji)
    const reactions = next.length > 0 ? [...others, { emoji, profileIds: next }] : others
    conversation.messages.set(message.seq, { ...message, reactions })
    this.append(conversation, actor, { kind: 'reaction', target: message.seq })
  }

  mark(actor: string, conversationId: string, kind: 'read' | 'delivered', asked: number): void {
    const conversation = this.joined(actor, conversationId)
    const member = conversation.members.get(actor) as Member
    const upToSeq = Math.min(asked, conversation.entries.length)
    if (upToSeq <= (kind === 'read' ? member.readSeq : member.deliveredSeq)) return
    if (kind === 'read') member.readSeq = upToSeq
    member.deliveredSeq = Math.max(member.deliveredSeq, upToSeq)
    this.append(conversation, actor, { kind, upToSeq })
  }

  add(actor: string, conversationId: string, who: string): void {
    const conversation = this.joined(actor, conversationId)
    const before = conversation.members.get(who)
    if (before && before.leftAt === null) return
    const joinedSeq = conversation.entries.length + 1
    conversation.members.set(who, {
      role: 'MEMBER',
      ...{ joinedSeq, joinedAt: this.at(), readSeq: joinedSeq, deliveredSeq: joinedSeq, leftAt: null },
    })
    this.append(conversation, actor, { kind: 'member', who, change: 'ADDED', role: 'MEMBER' })
  }

  takeOut(actor: string, conversationId: string, who: string): void {
    const conversation = this.joined(actor, conversationId)
    const member = conversation.members.get(who)
    if (!member || member.leftAt !== null || conversation.kind === 'DIRECT') return
    const change = actor === who ? 'LEFT' : 'REMOVED'
    this.append(conversation, actor, { kind: 'member', who, change, role: member.role })
    member.leftAt = this.now()
  }

  setRole(actor: string, conversationId: string, who: string, role: ConversationRole): void {
    const conversation = this.joined(actor, conversationId)
    const member = conversation.members.get(who)
    if (!member || member.leftAt !== null || member.role === role) return
    member.role = role
    this.append(conversation, actor, { kind: 'member', who, change: 'ROLE', role })
  }

  rename(actor: string, conversationId: string, name: string): void {
    const conversation = this.joined(actor, conversationId)
    conversation.name = name
    this.append(conversation, actor, { kind: 'renamed', name })
  }

  /** Somebody is erased from everywhere: what they wrote, put on messages, and were. */
  erase(who: string): void {
    for (const conversation of this.conversations.values()) {
      if (!conversation.members.delete(who)) continue
      const ranges: { from: number; to: number }[] = []
      for (const message of conversation.messages.values()) {
        const reactions = without(message.reactions, who)
        if (message.senderId !== who) conversation.messages.set(message.seq, { ...message, reactions })
        else {
          ranges.push({ from: message.seq, to: message.seq })
          const gone = { senderId: null, clientId: null, body: null, deletedAt: message.deletedAt ?? this.at() }
          conversation.messages.set(message.seq, { ...message, ...gone, reactions: [] })
        }
      }
      for (const entry of conversation.entries) if (entry.actor === who) entry.actor = null
      this.append(conversation, null, { kind: 'erased', ranges })
    }
  }

  private append(conversation: Conversation, actor: string | null, happening: Happening): void {
    const seq = conversation.entries.length + 1
    conversation.entries.push({ ...happening, seq, actor, at: this.at() })
    conversation.changedAt = this.now()
    for (const [accountId, { leftAt }] of conversation.members) {
      if (leftAt !== null) continue
      const inbox = this.inbox(accountId)
      inbox.pointers.push({ conversationId: conversation.id, seq })
      if (inbox.pointers.length - inbox.dropped > this.inboxWindow) inbox.dropped += 1
      for (const listener of this.listeners) listener(accountId, inbox.pointers.length - 1)
    }
  }

  private joined(accountId: string, conversationId: string): Conversation {
    const conversation = this.conversations.get(conversationId)
    if (conversation?.members.get(accountId)?.leftAt !== null || !conversation) throw new Refused('NOT_FOUND')
    return conversation
  }

  private found(actor: string, messageId: string) {
    const [conversationId = '', seq] = messageId.split(':')
    const conversation = this.joined(actor, conversationId)
    const message = conversation.messages.get(Number(seq))
    if (!message || message.seq < (conversation.members.get(actor)?.joinedSeq ?? 0)) throw new Refused('NOT_FOUND')
    if (!this.isShown(actor, message)) throw new Refused('NOT_FOUND')
    return { conversation, message }
  }

  // ── what is told ──────────────────────────────────────────────────────────

  private told(viewer: string, message: MessageRecord): MessageRecord {
    const [conversationId = '', seq] = message.replyToId?.split(':') ?? []
    const answered = this.conversations.get(conversationId)?.messages.get(Number(seq))
    const replyToId = answered && this.isShown(viewer, answered) ? answered.id : null
    return structuredClone({ ...message, replyToId })
  }

  changeAt(accountId: string, { conversationId, seq }: Pointer): Change {
    const conversation = this.conversations.get(conversationId) as Conversation
    const entry = conversation.entries[seq - 1] as Entry
    const common = { conversationId, seq, at: entry.at }
    const joinedSeq = conversation.members.get(accountId)?.joinedSeq ?? Infinity
    if (seq < joinedSeq) return { ...common, kind: 'withheld' }
    switch (entry.kind) {
      case 'created':
        return { ...common, kind: 'created' }
      case 'read':
      case 'delivered':
        return { ...common, kind: entry.kind, profileId: entry.actor, upToSeq: entry.upToSeq }
      case 'member':
        return { ...common, kind: 'member', profileId: entry.who, change: entry.change, role: entry.role }
      case 'renamed':
        return { ...common, kind: 'renamed', name: entry.name }
      case 'erased':
        return { ...common, kind: 'erased', ranges: entry.ranges }
      default: {
        if (entry.target < joinedSeq) return { ...common, kind: 'withheld' }
        const message = conversation.messages.get(entry.target) as MessageRecord
        if (entry.kind === 'state') {
          const { from, to } = entry
          const [before, after] = [this.isFor(accountId, message, from), this.isFor(accountId, message, to)]
          if (before && !after) return { ...common, kind: 'hidden', messageSeq: message.seq }
          if (before || !after || !this.isShown(accountId, message)) return { ...common, kind: 'withheld' }
          return { ...common, kind: 'shown', message: this.told(accountId, message) }
        }
        if (!this.isShown(accountId, message)) return { ...common, kind: 'withheld' }
        if (entry.kind === 'reaction' && entry.actor === null) return { ...common, kind: 'withheld' }
        return { ...common, kind: entry.kind, message: this.told(accountId, message) }
      }
    }
  }

  /** Everybody there is: more than has to be told, and simpler. */
  private people = (): ProfileRecord[] => {
    const ids = new Set([...this.conversations.values()].flatMap(({ members }) => [...members.keys()]))
    return [...ids].map(this.profile)
  }

  private ofAccount = (accountId: string) =>
    [...this.conversations.values()].filter(({ members }) => members.get(accountId)?.leftAt === null)

  snapshot(accountId: string, conversation: Conversation, newest = 4): Snapshot {
    const own = conversation.members.get(accountId) as Member
    const messages = [...conversation.messages.values()].filter(
      (message) => message.seq >= own.joinedSeq && this.isShown(accountId, message),
    )
    const unread = messages.filter(
      ({ seq, senderId, deletedAt }) => seq > own.readSeq && senderId !== accountId && deletedAt === null,
    )
    const { id, kind, name, createdAt } = conversation
    return {
      ...{ id, kind, name, createdAt, firstSeq: own.joinedSeq, unreadCount: Math.min(999, unread.length) },
      lastActivityAt: this.lastSaid(accountId, conversation) ?? createdAt,
      upToSeq: conversation.entries.length,
      members: [...conversation.members].flatMap(([profileId, { leftAt, ...member }]) =>
        leftAt === null ? [{ profileId, ...member }] : [],
      ),
      messages: messages.slice(-newest).map((message) => this.told(accountId, message)),
      hasOlder: messages.length > newest,
      olderCursor: null,
    }
  }

  /** Also from before they came: that is what lists are sorted by. */
  private lastSaid(accountId: string, { messages }: Conversation): string | undefined {
    const shown = [...messages.values()].filter((message) => this.isShown(accountId, message))
    return shown
      .map(({ sentAt }) => sentAt)
      .sort()
      .at(-1)
  }

  bootstrap(accountId: string, after: string | null): BootstrapPage {
    const all = this.ofAccount(accountId).sort((one, two) => (one.id < two.id ? 1 : -1))
    const here = all.filter(({ id }) => after === null || id < after)
    const page = here.slice(0, this.pageSize)
    return {
      me: { accountId, profile: this.profile(accountId) },
      snapshots: page.map((conversation) => this.snapshot(accountId, conversation)),
      profiles: this.people(),
      nextPage: here.length > page.length ? (page.at(-1)?.id ?? null) : null,
      inboxCursor: String(this.inbox(accountId).pointers.length),
      since: String(this.now() - overlapMs),
    }
  }

  pull(accountId: string, after: readonly Position[], since: string): Pulled {
    if (after.length > positionsOf || Number.isNaN(Number(since))) throw new Refused('BAD_USER_INPUT')
    const members = [...this.conversations.values()].flatMap((conversation) => {
      const member = conversation.members.get(accountId)
      return member ? [{ conversation, member }] : []
    })
    return {
      conversations: after.flatMap(({ conversationId, seq }) => this.changesAfter(accountId, conversationId, seq)),
      profiles: this.people(),
      changed: members.flatMap(({ conversation: { id, changedAt, entries }, member }) =>
        member.leftAt === null && changedAt > Number(since) ? [{ conversationId: id, latestSeq: entries.length }] : [],
      ),
      left: members.flatMap(({ conversation: { id }, member: { leftAt } }) =>
        leftAt !== null && leftAt > Number(since) ? [id] : [],
      ),
      hasMoreChanged: false,
      since: String(this.now() - overlapMs),
    }
  }

  private changesAfter(accountId: string, conversationId: string, seq: number) {
    const conversation = this.conversations.get(conversationId)
    const member = conversation?.members.get(accountId)
    if (!conversation || member?.leftAt !== null) return []
    const from = Math.max(seq, member.joinedSeq - 1)
    const latestSeq = conversation.entries.length
    const upToSeq = Math.min(latestSeq, from + this.changesAtOnce)
    const changes = Array.from({ length: Math.max(0, upToSeq - from) }, (_, index) =>
      this.changeAt(accountId, { conversationId, seq: from + index + 1 }),
    )
    return [{ conversationId, changes, upToSeq, latestSeq, firstSeq: member.joinedSeq, hasMore: upToSeq < latestSeq }]
  }

  snapshots(accountId: string, ids: readonly string[]) {
    const found = this.ofAccount(accountId).filter(({ id }) => ids.includes(id))
    return { snapshots: found.map((conversation) => this.snapshot(accountId, conversation)), profiles: this.people() }
  }

  older(accountId: string, conversationId: string, before: string | null, count: number): OlderMessages {
    const conversation = this.joined(accountId, conversationId)
    const joinedSeq = conversation.members.get(accountId)?.joinedSeq ?? 0
    const below = before === null ? Infinity : Number(before)
    const all = [...conversation.messages.values()].filter(
      (message) => message.seq >= joinedSeq && message.seq < below && this.isShown(accountId, message),
    )
    const messages = all.slice(-count)
    return {
      messages: messages.map((message) => this.told(accountId, message)),
      profiles: this.people(),
      cursor: messages[0] ? String(messages[0].seq) : before,
      hasOlder: all.length > messages.length,
      latestSeq: conversation.entries.length,
    }
  }

  /** What an inbox has after a cursor; undefined: it no longer goes back that far. */
  inboxAfter(accountId: string, cursor: string | null): number | undefined {
    const { pointers, dropped } = this.inbox(accountId)
    if (cursor === null) return pointers.length
    return Number(cursor) < dropped ? undefined : Number(cursor)
  }

  pointer = (accountId: string, index: number) => this.inbox(accountId).pointers[index]
}

const without = (reactions: MessageRecord['reactions'], who: string) =>
  reactions
    .map(({ emoji, profileIds }) => ({ emoji, profileIds: profileIds.filter((id) => id !== who) }))
    .filter(({ profileIds }) => profileIds.length > 0)
