import type { Clock } from '../../sdk/src/environment.ts'
import type { InboxItem, InboxSink, MessengerApi } from '../../sdk/src/messenger/api.ts'
import { createMessengerOver, type Messenger, type MessengerOptions } from '../../sdk/src/messenger/messenger.ts'
import { createObservable } from '../../sdk/src/observable.ts'
import { memoryStorage } from '../../sdk/src/store/memory.ts'
import type { Storage, Transaction } from '../../sdk/src/store/storage.ts'
import { type ModelServer, Refused } from './model-server.ts'

/** All that is ready now has run: nothing here waits for anything but promises and the simulation's own timers. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Time that passes when a test says so. */
export class SimulatedClock implements Clock {
  private time = Date.parse('2026-01-01T00:00:00Z')
  private timers: { at: number; order: number; run: () => void }[] = []
  private order = 0

  now = () => this.time

  after = (ms: number, run: () => void) => {
    const timer = { at: this.time + Math.max(0, ms), order: ++this.order, run }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter((other) => other !== timer)
    }
  }

  /** Runs everything that falls due within so many milliseconds, one after the other. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms
    await settled()
    for (;;) {
      const next = this.next()
      if (!next || next.at > end) break
      this.timers.splice(this.timers.indexOf(next), 1)
      this.time = Math.max(this.time, next.at)
      next.run()
      await settled()
    }
    this.time = end
  }

  private next() {
    let first = this.timers[0]
    for (const timer of this.timers)
      if (first && (timer.at < first.at || (timer.at === first.at && timer.order < first.order))) first = timer
    return first
  }
}

/** What goes wrong between a device and the server; each from 0 (never) to 1. */
export interface Faults {
  lostRequest: number
  lostAnswer: number
  repeatedRequest: number
  reordered: number
  repeatedEvent: number
  refused: number
}

export const noFaults: Faults = {
  lostRequest: 0,
  lostAnswer: 0,
  repeatedRequest: 0,
  reordered: 0,
  repeatedEvent: 0,
  refused: 0,
}

const passingRefusals = ['UNAVAILABLE', 'TIMEOUT', 'RATE_LIMITED', 'INTERNAL', 'IDEMPOTENCY_IN_PROGRESS']

export interface DeviceParts {
  server: ModelServer
  clock: SimulatedClock
  accountId: string
  random: () => number
  faults: Faults
  newClientId?: () => string
  options?: Partial<MessengerOptions>
  storage?: Storage
}

/** A device of an account: its process may be killed, and its network cut. What it stores stays. */
export class Device {
  readonly accountId: string
  readonly signedIn = createObservable(true)
  messenger: Messenger
  /** Every call that reached the network, by name. */
  calls: string[] = []
  private readonly parts: DeviceParts
  private readonly storage: Storage
  private online = true
  private life = 0
  private connection = createObservable(true)
  private streams = new Set<{ connect(): void; stop(): void }>()

  constructor(parts: DeviceParts) {
    this.parts = parts
    this.accountId = parts.accountId
    this.storage = parts.storage ?? memoryStorage()
    this.messenger = this.begin()
  }

  /** What is stored, whoever runs. */
  read = <Result>(work: (tx: Transaction) => Promise<Result>) => this.storage.transaction('read', work)

  /** The process ends here, whatever it was doing, and another one begins. */
  kill(): void {
    this.life += 1
    for (const stream of this.streams) stream.stop()
    this.streams.clear()
    this.messenger = this.begin()
  }

  setOnline(online: boolean): void {
    if (this.online === online) return
    this.online = online
    const { clock } = this.parts
    const life = this.life
    clock.after(online ? 500 : 50, () => {
      if (life !== this.life || this.online !== online) return
      if (online) for (const stream of this.streams) stream.connect()
      this.connection.set(online)
    })
  }

  private begin(): Messenger {
    const { clock, random, newClientId, options } = this.parts
    const life = this.life
    const isDead = () => life !== this.life
    this.connection = createObservable(this.online)
    const own: Clock = {
      now: clock.now,
      after: (ms, run) =>
        clock.after(ms, () => {
          if (!isDead()) run()
        }),
    }
    const messenger = createMessengerOver(this.api(isDead, own), {
      storage: mortal(this.storage, isDead),
      clock: own,
      random,
      ...(newClientId && { newClientId }),
      ...options,
    })
    messenger.start()
    return messenger
  }

  private api(isDead: () => boolean, clock: Clock): MessengerApi {
    const { server, random, faults } = this.parts
    const { accountId } = this
    const happens = (chance: number) => random() < chance

    /** One request: it takes its time, and may be lost on either way, arrive twice, or be refused for now. */
    const call = <Result>(name: string, work: () => Result): Promise<Result> =>
      new Promise((resolve, reject) => {
        // Nobody is there to ask, or to hear the answer.
        if (isDead()) return
        this.calls.push(name)
        const fail = () => reject(new Refused('NETWORK'))
        const wait = () => 5 + random() * 200
        clock.after(wait(), () => {
          if (!this.online || happens(faults.lostRequest)) return fail()
          if (!this.signedIn.get()) return reject(new Refused('UNAUTHENTICATED'))
          if (happens(faults.refused)) {
            const code = passingRefusals[Math.floor(random() * passingRefusals.length)] as string
            return reject(new Refused(code, code === 'RATE_LIMITED' ? 1500 : undefined))
          }
          let answer: () => void
          try {
            const result = work()
            if (happens(faults.repeatedRequest)) work()
            answer = () => resolve(structuredClone(result))
          } catch (reason) {
            answer = () => reject(reason)
          }
          clock.after(wait(), () => (!this.online || happens(faults.lostAnswer) ? fail() : answer()))
        })
      })

    return {
      signedIn: this.signedIn,
      online: this.connection,
      me: () => call('me', () => ({ accountId, profile: server.profile(accountId) })),
      bootstrap: (after) => call('bootstrap', () => server.bootstrap(accountId, after)),
      pull: (after, since) => call('pull', () => server.pull(accountId, after, since)),
      snapshots: (ids) => call('snapshots', () => server.snapshots(accountId, ids)),
      older: (id, before, count) => call('older', () => server.older(accountId, id, before, count)),
      send: (message) => call('send', () => server.send(accountId, message)),
      edit: (id, body) => call('edit', () => server.edit(accountId, id, body)),
      remove: (id) => call('remove', () => server.remove(accountId, id)),
      react: (id, emoji, present) => call('react', () => server.react(accountId, id, emoji, present)),
      markRead: (id, seq) => call('markRead', () => server.mark(accountId, id, 'read', seq)),
      markDelivered: (id, seq) => call('markDelivered', () => server.mark(accountId, id, 'delivered', seq)),
      setTyping: async () => undefined,
      openDirect: (username) => call('openDirect', () => server.create('DIRECT', accountId, [username])),
      createGroup: ({ name, usernames }) =>
        call('createGroup', () => server.create('GROUP', accountId, usernames, name)),
      inbox: (after, sink) => this.follow(after, sink, isDead, clock),
    }
  }

  /** A stream that goes on by itself after the last event it has told, as the client's does. */
  private follow(after: string | null, sink: InboxSink, isDead: () => boolean, clock: Clock): () => void {
    const { server, random, faults } = this.parts
    const { accountId } = this
    let [cursor, connected, epoch] = [after, false, 0]

    const tell = (index: number, during: number) => {
      const pointer = server.pointer(accountId, index)
      if (!pointer) return
      const change = server.changeAt(accountId, pointer)
      const profiles = [...new Set([accountId, ...pointersPeople(change)])].map(server.profile)
      const item: InboxItem = { kind: 'change', change, profiles, cursor: String(index + 1) }
      const usual = 20
      const times = random() < faults.repeatedEvent ? 2 : 1
      for (let n = 0; n < times; n++)
        clock.after(random() < faults.reordered ? usual + random() * 400 : usual, () => {
          if (isDead() || !connected || during !== epoch) return
          cursor = String(Math.max(Number(cursor ?? 0), index + 1))
          sink.next(structuredClone(item))
        })
    }
    const onPublished = (owner: string, index: number) => {
      if (owner === accountId && connected) tell(index, epoch)
    }
    const connect = () => {
      const during = ++epoch
      const from = server.inboxAfter(accountId, cursor)
      connected = true
      sink.next({ kind: 'ready' })
      if (from === undefined) {
        cursor = String(server.inboxAfter(accountId, null))
        sink.next({ kind: 'resync' })
      } else for (let index = from; server.pointer(accountId, index); index++) tell(index, during)
    }
    const stream = {
      connect,
      stop() {
        connected = false
        epoch += 1
        server.listeners.delete(onPublished)
      },
    }
    // A cut is noticed before a return.
    const stopWatching = this.connection.subscribe((online) => {
      if (!online) connected = false
    })
    server.listeners.add(onPublished)
    this.streams.add(stream)
    clock.after(10, () => {
      if (this.online && !isDead() && this.streams.has(stream)) connect()
    })
    return () => {
      stopWatching()
      stream.stop()
      this.streams.delete(stream)
    }
  }
}

const pointersPeople = (change: object): string[] => {
  const { message, profileId } = change as { message?: { senderId: string | null }; profileId?: string | null }
  return [message?.senderId, profileId].filter((id): id is string => typeof id === 'string')
}

/** The storage as a process sees it: once that is dead, nothing it still does is kept, also what it was in the middle of. */
export function mortal(storage: Storage, isDead: () => boolean): Storage {
  const alive = () => {
    if (isDead()) throw new Error('This process is dead.')
  }
  return {
    async transaction(mode, work) {
      alive()
      return storage.transaction(mode, async (tx) => {
        alive()
        const guarded: Transaction = {
          get: (table, key) => Promise.resolve(alive()).then(() => tx.get(table, key)),
          put: (table, key, value) => Promise.resolve(alive()).then(() => tx.put(table, key, value)),
          delete: (table, key) => Promise.resolve(alive()).then(() => tx.delete(table, key)),
          range: (table, range) => Promise.resolve(alive()).then(() => tx.range(table, range)),
        }
        const result = await work(guarded)
        alive()
        return result
      })
    },
    close: () => storage.close(),
  }
}
