import { type Clock, newClientId, systemClock } from '../environment.ts'
import { createObservable, type Observable } from '../observable.ts'
import type { Storage } from '../store/storage.ts'
import { createActions, type MessageRef } from './actions.ts'
import type { MessengerApi } from './api.ts'
import { type Engine, type Phase, startEngine } from './engine.ts'
import type { Job } from './jobs.ts'
import { createConversationList } from './lists.ts'
import { createLive, type Live } from './live.ts'
import { allJobs, createLocal, type Touched } from './local.ts'
import { type ConversationMessages, messagesLive } from './message-lists.ts'
import { fetchOlder } from './older.ts'
import { createReceipts, type Receipts } from './receipts.ts'
import type { MessengerTabs } from './tabs.ts'
import { createTyping, type Typing } from './typing.ts'
import type { ConversationView } from './views.ts'

export interface MessengerOptions {
  storage: Storage
  /** Tell senders that their messages have arrived; true unless said otherwise. */
  sendsDelivered?: boolean
  /** A conversation whose messages are being watched counts as read. */
  readsWhatIsWatched?: boolean
  /** Needed where several pages share the storage: `browserTabs(name)`. */
  tabs?: MessengerTabs
  clock?: Clock
  /** From 0 to 1. */
  random?: () => number
  newClientId?: () => string
  /** Hears of a storage that fails. */
  onStorageError?: (reason: unknown) => void
}

export interface Messenger {
  readonly phase: Observable<Phase>
  /** Those with something new first. */
  conversations(): Observable<readonly ConversationView[]>
  /** Of one conversation: confirmed messages, then what is still to be sent. Watching it keeps it current. */
  messages(conversationId: string): Observable<ConversationMessages>
  /** What is still to be done at the server, and what it refused. */
  outbox(): Observable<readonly Job[]>
  /** Keeps the message on the device and hands back its key; it is sent as soon as that is possible, once, in its order. */
  send(conversationId: string, body: string, options?: { replyTo?: MessageRef }): Promise<string>
  edit(message: MessageRef, body: string): Promise<void>
  remove(message: MessageRef): Promise<void>
  react(message: MessageRef, emoji: string, present: boolean): Promise<void>
  /** Up to the last message, or to a position. */
  markRead(conversationId: string, upToSeq?: number): Promise<void>
  /** Tries again what was refused. `key`: of a message or of a job. */
  retry(conversationId: string, key: string): Promise<void>
  /** Forgets what was refused. */
  discard(conversationId: string, key: string): Promise<void>
  /** Shows older messages, fetched if they are not here. False: there are no more. */
  loadOlder(conversationId: string, count?: number): Promise<boolean>
  /** Call it at every key: it tells the others as often as is useful. */
  typing(conversationId: string, isTyping: boolean): void
  /** Needs the server. Hands back the conversation's id; the conversation comes by itself. */
  openDirect(username: string): Promise<string>
  createGroup(name: string, usernames: string[]): Promise<string>
  start(): void
  /** Ends all work; what is here and what is to be sent stays. */
  stop(): void
}

const olderAtOnce = 50

export function createMessengerOver(api: MessengerApi, options: MessengerOptions): Messenger {
  const { clock = systemClock, random = Math.random, tabs, sendsDelivered = true } = options
  const newName = options.newClientId ?? newClientId
  const failed = (reason: unknown) => options.onStorageError?.(reason)
  const phase = createObservable<Phase>('stopped')
  const untried = new Set<string>()
  const open = new Map<string, Live<ConversationMessages> & { widen(count: number): boolean }>()
  let engine: Engine | undefined
  let receipts: Receipts | undefined
  let typists: Typing | undefined
  let leave: AbortController | undefined
  let deaf: (() => void) | undefined

  const local = createLocal(options.storage, (touched) => {
    onTouched(touched)
    tabs?.tell(touched)
  })
  const list = createConversationList(local)
  const conversations = createLive<readonly ConversationView[]>([], list.read, {
    first: () => undefined,
    last: list.clear,
    failed,
  })
  const outbox = createLive<readonly Job[]>([], () => local.read(allJobs), {
    first: () => undefined,
    last: () => undefined,
    failed,
  })
  const actions = createActions({ local, untried, newName, now: clock.now })

  const onTouched = (touched: Touched) => {
    list.touch(touched)
    conversations.refresh()
    if (touched.conversations.size > 0) outbox.refresh()
    for (const id of touched.conversations) open.get(id)?.refresh()
    if (touched.profiles.size > 0) for (const live of open.values()) live.refresh()
    receipts?.touched(touched.conversations)
  }

  const lead = () => {
    if (sendsDelivered) receipts = createReceipts({ api, local, clock, random })
    const onTyping = (item: Parameters<Parameters<typeof startEngine>[0]['onTyping']>[0]) =>
      typists?.heard(item.conversationId, item.profile, item.typing)
    engine = startEngine({ api, local, clock, random, phase, untried, onTyping })
  }

  const messages = (id: string) => {
    const found = open.get(id)
    if (found) return found
    const made = messagesLive(id, {
      local,
      failed,
      typists: () => typists?.of(id) ?? [],
      onUnread: options.readsWhatIsWatched
        ? () => void acted(actions.markRead(id, undefined)).catch(failed)
        : undefined,
      first: () => open.set(id, made),
      last: () => open.delete(id),
    })
    open.set(id, made)
    return made
  }

  /** Once it is kept, it may be sent. */
  const acted = async <Result>(done: Promise<Result>): Promise<Result> => {
    const result = await done
    engine?.drain()
    return result
  }

  return {
    phase,
    conversations: () => conversations,
    messages,
    outbox: () => outbox,
    send: (id, body, { replyTo } = {}) => acted(actions.send(id, body, replyTo ?? null)),
    edit: async (message, body) => void (await acted(actions.edit(message, body))),
    remove: async (message) => void (await acted(actions.remove(message))),
    react: async (message, emoji, present) => void (await acted(actions.react(message, emoji, present))),
    markRead: (id, upToSeq) => acted(actions.markRead(id, upToSeq)),
    retry: (id, key) => acted(actions.retry(id, key)),
    discard: (id, key) => acted(actions.discard(id, key)),
    async loadOlder(id, count = olderAtOnce) {
      const live = messages(id)
      if (live.widen(count)) return true
      const more = await fetchOlder({ api, local }, id, count)
      live.refresh()
      return more
    },
    typing: (id, isTyping) => typists?.tell(id, isTyping),
    openDirect: (username) => api.openDirect(username),
    createGroup: (name, usernames) => api.createGroup({ clientId: newName(), name, usernames }),
    start() {
      if (leave) return
      const own = new AbortController()
      leave = own
      typists = createTyping(api, clock, (id) => open.get(id)?.refresh())
      if (!tabs) return lead()
      phase.set('following')
      deaf = tabs.listen((touched) => {
        onTouched(touched)
        engine?.drain()
      })
      const led = tabs.lead(own.signal, async () => {
        if (own.signal.aborted) return
        lead()
        await new Promise((resolve) => own.signal.addEventListener('abort', resolve))
      })
      led.catch(failed)
    },
    stop() {
      engine?.stop()
      receipts?.stop()
      typists?.stop()
      deaf?.()
      leave?.abort()
      engine = receipts = typists = deaf = leave = undefined
      phase.set('stopped')
    },
  }
}
