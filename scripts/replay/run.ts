import { setTimeout as pause } from 'node:timers/promises'
import { createRandom, rounded, sample } from '../kit/random.ts'
import type { Server } from '../kit/server.ts'
import { createSlots } from '../kit/slots.ts'
import { loadCatalogue } from './catalogue.ts'
import { createCrowd } from './crowd.ts'
import { type Expectation, expectWithoutRules, expectWithRules, type Rules } from './oracle.ts'
import { planCuts, planInterests, planSteps } from './plan.ts'
import { type ReplayResult, summarize } from './result.ts'
import type { Timeline } from './timeline.ts'
import { type Contact, peopleOf } from './trace.ts'
import type { Watcher } from './watcher.ts'

interface ReplayOptions {
  contacts: Contact[]
  servers: [Server, ...Server[]]
  timeline: Timeline
  seed: number
  /** Everybody names 1 to so many interests. */
  interests: number
  /** The share of sockets cut in a minute of the run, and again in every hour of the trace. */
  drop: number
  /** With rules the calls go one after another, since it matters who speaks first. */
  rules?: Rules | undefined
  signal?: AbortSignal
  watcher?: Watcher
  /** How long a phone that was cut stays away at most, milliseconds. */
  backWithinMs?: number
  /** How long nothing more may come after the last nudge that is expected, milliseconds. */
  quietMs?: number
}

const callsInFlight = 64
/** A lost last wake-up is found by the position check, every 25 s: only a longer silence means that nothing comes any more. */
const givesUpAfterMs = 40_000

export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { contacts, servers, timeline, seed, drop, rules, watcher = {}, backWithinMs = 500, quietMs = 250 } = options
  const people = peopleOf(contacts)
  const steps = planSteps(contacts)
  const interests = planInterests(createRandom(seed), people, await loadCatalogue(servers[0]), options.interests)
  const expectation = rules ? expectWithRules(steps, interests, rules) : expectWithoutRules(contacts, interests)
  const cuts = planCuts(createRandom(seed + 1), people, steps, drop)
  const wallRandom = createRandom(seed + 2)

  const slots = createSlots(callsInFlight)
  const crowd = createCrowd({
    ...{ servers, interests, watcher, backWithinMs, callsInFlight },
    ...{ seed: seed + 3, onFailed: slots.fail },
  })
  const { signal = new AbortController().signal } = options
  const abort = () => slots.fail(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  let everySecond: NodeJS.Timeout | undefined
  let extendAtMs = 0
  try {
    await all(crowd.arrive)
    await extendWhenDue()
    watcher.begun?.(interests, expectation)
    everySecond = setInterval(cutByTheClock, 1000)
    const beganMs = performance.now()
    await goThrough()
    const seconds = (performance.now() - beganMs) / 1000
    clearInterval(everySecond)
    await Promise.race([settle(expectation), slots.failed])
    return summarize({ crowd, expectation, interests, seconds, contacts: contacts.length, timed: timeline.real })
  } finally {
    clearInterval(everySecond)
    signal.removeEventListener('abort', abort)
    crowd.leave()
  }

  async function all(work: (person: string) => Promise<unknown>) {
    for (const person of people) await slots.begin(person, () => work(person))
    await slots.idle()
  }

  function cutByTheClock() {
    for (const person of sample(wallRandom, people, rounded(wallRandom, (drop * people.length) / 60))) crowd.cut(person)
  }

  async function goThrough() {
    let at = steps[0]?.time ?? 0
    let next = 0
    await timeline.reach(at, signal)
    for (const { time, reports } of steps) {
      // The servers' clock must not be put while a call is on its way.
      if (!timeline.real) await slots.idle()
      while (at < time) {
        at = Math.min(time, at + timeline.hopSeconds)
        await Promise.race([timeline.reach(at, signal), slots.failed])
        await extendWhenDue()
      }
      while (cuts[0] && cuts[0].time <= time) crowd.cut(cuts.shift()?.person ?? '')
      for (; contacts[next]?.time === time; next++) watcher.met?.(contacts[next] as Contact)
      for (const report of reports) {
        await slots.begin(report.person, () => crowd.report(report, timeline.now()))
        if (rules) await slots.idle()
      }
      watcher.moved?.(next / contacts.length, crowd.counts.sightings, crowd.receipts.length)
    }
    await slots.idle()
  }

  /** In the middle of what is left of the sessions, so that a longer replay goes on in the same ones. */
  async function extendWhenDue() {
    const nowMs = timeline.now()
    if (nowMs < extendAtMs) return
    await slots.idle()
    if (extendAtMs > 0) await all(crowd.extend)
    extendAtMs = nowMs + (crowd.endsAtMs() - nowMs) / 2
  }

  /** Until everything that is expected has come, and then a little for what is not. */
  async function settle({ nudged }: Expectation) {
    let count = crowd.receipts.length
    let cameAtMs = performance.now()
    while (crowd.receipts.length < 2 * nudged.size && performance.now() - cameAtMs < givesUpAfterMs) {
      watcher.settling?.(crowd.receipts.length, 2 * nudged.size)
      await crowd.nextReceipt(1000)
      if (crowd.receipts.length > count) cameAtMs = performance.now()
      count = crowd.receipts.length
    }
    await pause(quietMs)
  }
}
