import WebSocket from 'ws'
import { answerWithinMs } from '../../sdk/src/auth/account.ts'
import { type Clock, type Fetch, memoryTokens, systemClock, type TokenStorage } from '../../sdk/src/index.ts'
import type { Storage } from '../../sdk/src/store/storage.ts'
import { createMessenger, type Messenger, type MessengerOptions } from '../../sdk/src/store.ts'
import type { TestAccount } from '../kit/accounts.ts'
import type { TestApp } from '../kit/app.ts'
import { createSdk, type SdkClient } from '../kit/sdk.ts'
import { mortal } from './simulation.ts'

/**
 * Waits are so many times shorter than they would be, since tests do not sleep; but a real server needs real time to answer a refresh,
 * and whoever gives up on it again and again is signed out.
 */
const haste = 50

const hasty = (app: TestApp): Clock => ({
  now: app.clock.now,
  after: (ms, run) => systemClock.after(ms === answerWithinMs ? ms : ms / haste, run),
})

export interface RealParts {
  app: TestApp
  account: TestAccount
  open(): Storage
  random?: () => number
  options?: Partial<MessengerOptions>
}

const running = new Set<RealDevice>()
afterEach(() => {
  for (const device of running) device.end()
  running.clear()
})

/** A device against a real server, whose process may be killed, whose network may be cut, and whose answers may get lost. */
export class RealDevice {
  /** Of the answers that come, how many get lost: 0 to 1. */
  lostAnswers = 0
  /** What the server has answered, whether it arrived or not: the names of operations. */
  answered: string[] = []
  app: TestApp
  messenger: Messenger
  storage: Storage
  private readonly parts: RealParts
  private readonly tokens
  private client: SdkClient
  private online = true
  private life = 0

  constructor(parts: RealParts) {
    this.parts = parts
    this.app = parts.app
    this.tokens = memoryTokens(parts.account.refreshToken)
    this.storage = parts.open()
    const { client, messenger } = this.begin()
    this.client = client
    this.messenger = messenger
    running.add(this)
  }

  private begin(): { client: SdkClient; messenger: Messenger } {
    const life = this.life
    const isDead = () => life !== this.life
    const { options, random } = this.parts
    const client = createSdk({
      url: this.app.url,
      wsUrl: () => (this.online ? this.app.wsUrl : 'ws://127.0.0.1:9'),
      clock: hasty(this.app),
      auth: { storage: this.tokensUntil(isDead) },
      WebSocket,
      fetch: this.fetch,
    })
    const messenger = createMessenger({
      client,
      storage: mortal(this.storage, isDead),
      clock: hasty(this.app),
      ...(random && { random }),
      ...options,
    })
    messenger.start()
    return { client, messenger }
  }

  /** What a dead process still learns is kept by nobody. */
  private tokensUntil(isDead: () => boolean): TokenStorage {
    const { tokens } = this
    return { get: tokens.get, set: async (token) => (isDead() ? undefined : tokens.set(token)) }
  }

  private readonly fetch: Fetch = async (url, init) => {
    if (!this.online) throw new TypeError('fetch failed')
    const { query } = JSON.parse(init.body) as { query: string }
    const name = /(?:mutation|query) (\w+)/.exec(query)?.[1] ?? ''
    const answer = await fetch(url, init)
    const text = await answer.text()
    this.answered.push(name)
    // A sign-in that is lost with its answer has a grace of its own, which is not what is tried here.
    const isLost = name !== 'Refresh' && (this.parts.random ?? Math.random)() < this.lostAnswers
    if (!this.online || isLost) throw new TypeError('fetch failed')
    return { status: answer.status, text: async () => text }
  }

  setOnline(online: boolean): void {
    this.online = online
    if (!online) this.client.drop()
    else this.client.wake()
  }

  /** The process is gone, whatever it was doing, and another one begins; on another node if one is given. */
  kill({ app = this.app, storage = this.storage }: { app?: TestApp; storage?: Storage } = {}): void {
    this.life += 1
    this.messenger.stop()
    this.client.dispose()
    this.app = app
    this.storage = storage
    Object.assign(this, this.begin())
  }

  end(): void {
    this.life += 1
    this.messenger.stop()
    this.client.dispose()
  }
}
