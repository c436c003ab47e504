import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { CallError } from '../kit/failure.ts'
import { createHttpClient } from '../kit/http.ts'
import { createRandom, type Random, sample } from '../kit/random.ts'
import { registerDevice } from '../kit/register.ts'
import type { Server } from '../kit/server.ts'
import { createSlots } from '../kit/slots.ts'
import { createApi } from './api.ts'
import type { City } from './city.ts'
import { createCounters } from './counters.ts'
import { createHabits, type Habits } from './habits.ts'
import { createLedger } from './ledger.ts'
import { createPerson, type Person } from './person.ts'
import { createPhoneSocket } from './socket.ts'
import { judge, missingOf, type Verdict } from './verdict.ts'
import { createWalker } from './walker.ts'
import { createWorld } from './world.ts'

interface SimulationOptions {
  people: number
  city: City
  seed: number
  beatSeconds: number
  servers: [Server, ...Server[]]
  /** What the servers take for now, milliseconds. */
  now?: () => number
  /** What people are like: a short run takes lively ones. */
  habitsOf?: (random: Random) => Habits
  /** Something that no answer explains. */
  onFailed(error: unknown): void
}

const registrationsAtOnce = 32
const connections = 256
/** So long everything that was said has to come, once nothing is said any more. */
const settlesWithinMs = 10_000
/** Nobody waits longer for the first one to be let in. */
const patienceMs = 60_000

export type Simulation = ReturnType<typeof createSimulation>

/** A city full of people with phones. Everything random about them comes from the seed; what servers answer does not. */
export function createSimulation(options: SimulationOptions) {
  const {
    people: wanted,
    city,
    seed,
    beatSeconds,
    servers,
    now = Date.now,
    habitsOf = createHabits,
    onFailed,
  } = options
  const http = createHttpClient(connections)
  const [counters, ledger, world] = [createCounters(), createLedger(), createWorld(now)]
  const over = new AbortController()
  setMaxListeners(0, over.signal)
  const people: Person[] = []
  const lives: Promise<void>[] = []
  const popular = sample(createRandom(seed), city.places, city.places.length)
  let limited = false
  let onLimited: () => void = () => undefined
  /** Whoever is there need not wait for those who are made to wait. */
  function mayBegin() {
    if (limited && people.length > 1) onLimited()
  }

  async function register(url: string): Promise<string> {
    for (;;) {
      try {
        return await registerDevice(http, url)
      } catch (error) {
        const waitMs = error instanceof CallError && error.code === 'RATE_LIMITED' ? error.retryAfterMs : undefined
        if (waitMs === undefined || (people.length === 0 && waitMs > patienceMs)) throw error
        counters.later.count()
        limited = true
        mayBegin()
        await pause(waitMs + 50, undefined, { signal: over.signal })
      }
    }
  }

  async function arrive(number: number) {
    // What servers answer changes what is drawn next, so walks are drawn from elsewhere.
    const [walks, random] = [
      createRandom(seed * 1_000_003 + 2 * number),
      createRandom(seed * 1_000_003 + 2 * number + 1),
    ]
    const { url, wsUrl } = servers[number % servers.length] as Server
    const [walker, habits] = [createWalker(popular, walks), habitsOf(random)]
    const token = await register(url)
    const api = createApi({ http, url, token, counters, now })
    const socket = createPhoneSocket({ wsUrl, token, onLost: () => over.signal.aborted || counters.lost.count() })
    const person = createPerson({
      ...{ number, walker, habits, random, api, socket, world, counters, ledger, now },
    })
    await person.appear()
    people.push(person)
    mayBegin()
    lives.push(live(person, random()).catch(onFailed))
  }

  /** One beat after another, on time. Those that a slow server makes somebody miss are walked, and not made up for otherwise. */
  async function live(person: Person, offset: number) {
    const beatMs = beatSeconds * 1000
    let nextMs = performance.now() + offset * beatMs
    while (!over.signal.aborted) {
      await pause(Math.max(0, nextMs - performance.now()), undefined, { signal: over.signal }).catch(() => undefined)
      if (over.signal.aborted) return
      const missed = Math.max(0, Math.floor((performance.now() - nextMs) / beatMs))
      nextMs += (1 + missed) * beatMs
      for (let i = 0; i <= missed; i++) person.walker.walk(beatSeconds)
      await person.live(beatSeconds)
    }
  }

  async function everybody() {
    const slots = createSlots(registrationsAtOnce)
    over.signal.addEventListener('abort', () => slots.fail(over.signal.reason), { once: true })
    for (let i = 0; i < wanted; i++) await slots.begin(String(i), () => arrive(i))
    await slots.idle()
  }

  return {
    ...{ wanted, city, counters, ledger, world, people },
    repeats: http.repeats,
    present: () => people.filter((person) => person.present()),

    /** Everybody comes; whoever is made to wait by the servers comes while the others walk already. */
    async gather() {
      const enough = new Promise<void>((resolve) => {
        onLimited = resolve
      })
      const all = everybody()
      const failed = all.catch((error: unknown) => {
        if (!over.signal.aborted) throw error
      })
      await Promise.race([failed, enough])
      failed.catch(onFailed)
      world.open()
    },

    /** Nobody does anything more; what was said still comes. Answers what has to be said of it all. */
    async settle(): Promise<Verdict> {
      over.abort(new Error('over'))
      await Promise.all(lives)
      const deadlineMs = performance.now() + settlesWithinMs
      while (missingOf(ledger) > 0 && performance.now() < deadlineMs) await pause(50)
      return judge(ledger)
    },

    close() {
      over.abort(new Error('over'))
      for (const person of people) person.close()
      http.close()
    },
  }
}
