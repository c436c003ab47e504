import type { Clock } from '../environment.ts'
import type { Writable } from '../observable.ts'
import type { InboxItem, MessengerApi } from './api.ts'
import { bootstrapAll } from './bootstrap.ts'
import { createInbox } from './inbox.ts'
import type { Local } from './local.ts'
import { type PullParts, pullAll } from './pull.ts'
import { createPush, type Push } from './push.ts'
import { pauseAfter, refusalOf, verdict } from './retry-rules.ts'
import { createTracker } from './tracker.ts'

/** `following`: another tab does the work. `other-account`: what is kept here is somebody else's, and is left alone. */
export type Phase = 'stopped' | 'following' | 'syncing' | 'live' | 'offline' | 'signed-out' | 'other-account'

export interface EngineParts {
  api: MessengerApi
  local: Local
  clock: Clock
  random: () => number
  phase: Writable<Phase>
  /** Jobs that nobody has tried to send. */
  untried: Set<string>
  onTyping(item: Extract<InboxItem, { kind: 'typing' }>): void
}

export interface Engine {
  /** Something was put into the outbox. */
  drain(): void
  stop(): void
}

// For what could not be worked out because more came while it was asked.
const staleRetryMs = 2000
// What is told of an own change comes by the inbox within this time; after it, it is asked for.
const resultMs = 1000

/** Keeps what is here as the server has it, and sends what is to be sent: first fetch, then send. */
export function startEngine({ api, local, clock, random, phase, untried, onTyping }: EngineParts): Engine {
  const tracker = createTracker()
  const cancels = new Set<() => void>()
  let stopped = false
  let wanted = true
  let busy = false
  let failures = 0
  let pause: (() => void) | undefined
  let parts: PullParts | undefined
  let push: Push | undefined
  let leaveInbox: (() => void) | undefined

  const setPhase = (next: Phase) => {
    if (!stopped) phase.set(next)
  }

  const later = (ms: number, run: () => void) => {
    if (stopped) return () => undefined
    const cancel = clock.after(ms, () => {
      cancels.delete(cancel)
      run()
    })
    cancels.add(cancel)
    return () => {
      cancels.delete(cancel)
      cancel()
    }
  }

  const request = () => {
    wanted = true
    if (!busy && !pause && !stopped) void work()
  }

  /** One at a time; whatever is wished for meanwhile is one more after it. */
  const work = async () => {
    busy = true
    try {
      while (wanted && !stopped) {
        wanted = false
        await synchronise()
        failures = 0
      }
    } catch (reason) {
      if (!stopped) await onFailure(reason)
    }
    busy = false
    if (wanted && !pause && phase.get() !== 'signed-out' && phase.get() !== 'other-account') request()
  }

  const synchronise = async () => {
    if (phase.get() !== 'live') setPhase('syncing')
    parts ??= await identify()
    const own = parts
    // Signed out in between, another sign-in begins anew.
    const isOver = () => stopped || own === undefined || own !== parts
    if (!own || isOver()) return
    await bootstrapAll(own)
    if (isOver()) return
    if (!leaveInbox) await followInbox(own)
    await pullAll(own)
    if (isOver()) return
    setPhase(api.online.get() ? 'live' : 'offline')
    push ??= createPush({ ...own, clock, random, untried, onDone, onSignedOut })
    push.drain()
    if (tracker.stale.size > 0) later(staleRetryMs, request)
  }

  const identify = async (): Promise<PullParts | undefined> => {
    const me = await api.me()
    const kept = await local.read((tx) => tx.meta('me'))
    if (kept && kept.accountId !== me.accountId) {
      setPhase('other-account')
      return undefined
    }
    await local.write((tx) => tx.setMeta('me', me))
    await local.read((tx) => tracker.load(tx))
    return { api, local, tracker, me: me.profile.id }
  }

  const onFailure = async (reason: unknown) => {
    const refusal = refusalOf(reason)
    const outcome = verdict(refusal.code)
    wanted = true
    if (outcome === 'signed-out') return onSignedOut()
    if (api.online.get() === false) setPhase('offline')
    failures += 1
    // The server does not know what it gave us: everything is fetched again, and what is here stays until then.
    const starting = outcome === 'refused' && parts !== undefined
    const again = async () => {
      pause = undefined
      try {
        if (starting) await local.write((tx) => tx.setMeta('since', undefined))
        if (parts) await local.read((tx) => tracker.load(tx))
      } catch {
        // The storage may work by the next time.
      }
      request()
    }
    pause = later(pauseAfter(failures, refusal, random()), () => void again())
  }

  const onSignedOut = () => {
    push?.stop()
    push = undefined
    leaveInbox?.()
    leaveInbox = undefined
    parts = undefined
    setPhase('signed-out')
  }

  const onDone = (conversationId: string) =>
    void later(resultMs, () => {
      tracker.awaited.add(conversationId)
      request()
    })

  const followInbox = async (own: PullParts) => {
    const cursor = (await local.read((tx) => tx.meta('inbox')))?.cursor ?? null
    if (stopped) return
    const onIncomplete = (reason?: unknown) => (reason === undefined ? request() : void onFailure(reason))
    const inbox = createInbox({ ...own, onIncomplete })
    let isFirst = true
    const stop = api.inbox(cursor, {
      next(item) {
        if (item.kind === 'change') inbox.take(item)
        else if (item.kind === 'typing') onTyping(item)
        else {
          // The first one comes while everything is asked for anyway.
          if (!isFirst || item.kind === 'resync') request()
          isFirst = false
        }
      },
      error: (reason) => void onInboxError(reason),
    })
    leaveInbox = () => {
      inbox.stop()
      stop()
    }
  }

  const onInboxError = async (reason: unknown) => {
    leaveInbox?.()
    leaveInbox = undefined
    const outcome = verdict(refusalOf(reason).code)
    if (outcome === 'refused') await local.write((tx) => tx.setMeta('inbox', { cursor: null })).catch(() => undefined)
    if (outcome === 'signed-out') onSignedOut()
    else if (!stopped && !pause) void onFailure({ code: 'UNAVAILABLE' })
  }

  const hope = () => {
    pause?.()
    pause = undefined
    failures = 0
    push?.drain('hopeful')
    request()
  }

  const stopWatching = [
    api.online.subscribe((online) => {
      if (online) hope()
      else if (phase.get() === 'live') setPhase('offline')
    }),
    api.signedIn.subscribe((signedIn) => {
      if (signedIn) hope()
      else onSignedOut()
    }),
  ]
  if (api.signedIn.get()) void work()
  else setPhase('signed-out')

  return {
    drain: () => push?.drain(),
    stop() {
      stopped = true
      for (const stop of stopWatching) stop()
      for (const cancel of cancels) cancel()
      push?.stop()
      leaveInbox?.()
    },
  }
}
