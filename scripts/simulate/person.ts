import type { Random } from '../kit/random.ts'
import { newClientId } from '../kit/register.ts'
import type { Api } from './api.ts'
import { happens, oneOf, waiting } from './chance.ts'
import type { Counters } from './counters.ts'
import { followFence } from './fence.ts'
import { type Habits, ideas, words } from './habits.ts'
import type { Ledger } from './ledger.ts'
import { createMembership, type Membership, tell } from './membership.ts'
import type { PhoneSocket, Subscription } from './socket.ts'
import type { Walker } from './walker.ts'
import type { World } from './world.ts'

export interface Person {
  walker: Walker
  /** Whether others may be shown them, as far as their phone knows. */
  present(): boolean
  /** Takes the phone out for the first time. */
  appear(): Promise<void>
  /** After walking for so long: says where they are, and does what they feel like doing. */
  live(seconds: number): Promise<void>
  close(): void
}

interface PersonOptions {
  number: number
  walker: Walker
  habits: Habits
  random: Random
  api: Api
  socket: PhoneSocket
  world: World
  counters: Counters
  ledger: Ledger
  now: () => number
}

export function createPerson(options: PersonOptions): Person {
  const { number, walker, habits, random, api, socket, world, counters, ledger, now } = options
  let expiresAtMs = 0
  let restsFor = 0
  let fence: Subscription | undefined
  let group: Membership | undefined
  /** One decision at a time: a phone does not join while it is joining. */
  let deciding = false

  async function beat() {
    expiresAtMs = (await api.beat(walker.fix(), world.isOpen())) ?? expiresAtMs
  }

  function belong(activityId: string, hosting: boolean) {
    const own: Membership = createMembership({
      ...{ activityId, hosting, person: number, socket, counters, ledger },
      onOver: () => {
        if (hosting) world.end(activityId)
        if (group === own) group = undefined
      },
    })
    group = own
  }

  async function decide(work: () => Promise<unknown>) {
    if (deciding) return
    deciding = true
    try {
      await work()
    } finally {
      deciding = false
    }
  }

  const join = (activityId: string) =>
    decide(async () => {
      if (group) return
      const { answer } = await api.join(activityId)
      if (!answer) return
      tell(ledger, activityId, answer.activity.joinCount)
      belong(activityId, false)
    })

  const start = () =>
    decide(async () => {
      if (group) return
      const { title, emoji, seats } = oneOf(random, ideas)
      const capacity = oneOf(random, seats)
      const { latitude, longitude } = walker.fix()
      const lifetimeMinutes = oneOf(random, [1, 5, 30])
      const input = { clientId: newClientId(), title, emoji, latitude, longitude, lifetimeMinutes, capacity }
      const { answer } = await api.create(input)
      if (!answer) return
      const { id } = answer.activity
      ledger.capacity.set(id, capacity)
      world.begin(id, walker.at(), now() + lifetimeMinutes * 60_000)
      belong(id, true)
    })

  const part = () =>
    decide(async () => {
      if (!group) return
      const { activityId, hosting, end } = group
      group = undefined
      end()
      if (hosting) world.end(activityId)
      await (hosting ? api.cancel(activityId) : api.leave(activityId))
    })

  async function speak({ activityId }: Membership) {
    const beganMs = performance.now()
    const { answer } = await api.say({ activityId, clientId: newClientId(), body: oneOf(random, words) })
    if (!answer) return
    const { id: messageId, seq } = answer.activityMessage
    ledger.said.push({ activityId, messageId, seq, beganMs, answeredMs: performance.now() })
  }

  async function look() {
    if (habits.curious && random() < 0.5) return void (await api.lookForPeople())
    const open = (await api.lookAround()).filter(
      ({ capacity, joinCount, viewerIsHost }) => !viewerIsHost && (capacity === null || joinCount < capacity),
    )
    if (habits.sociable && open.length > 0 && random() < 0.6) await join(oneOf(random, open.slice(0, 5)).id)
  }

  function follow() {
    if (!habits.follows || fence) return
    const onActivity = (id: string) => {
      if (habits.sociable && !group && random() < 0.7) void join(id)
    }
    fence = followFence({ person: number, socket, counters, ledger, onActivity })
  }

  function shut() {
    fence?.stop()
    fence = undefined
  }

  async function act(seconds: number) {
    const due = (average: number) => happens(random, seconds, average)
    // Always asked in this order, so that what the servers answer does not change what is drawn next.
    const [looks, starts, speaks, parts, rests] = [
      habits.looksEvery,
      habits.startsEvery,
      habits.speaksEvery,
      habits.staysFor,
      habits.rests.every,
    ].map(due)
    if (group?.listens() && speaks) await speak(group)
    if (group && parts) await part()
    if (!group && starts) await start()
    if (looks) await look()
    if (!group && rests) {
      restsFor = waiting(random, habits.rests.for)
      expiresAtMs = 0
      shut()
      await api.endPresence()
    }
  }

  return {
    walker,
    present: () => expiresAtMs > now(),
    appear: beat,
    async live(seconds) {
      restsFor -= seconds
      if (restsFor > 0) return
      await beat()
      if (!world.isOpen()) return
      follow()
      await act(seconds)
    },
    close() {
      group?.end()
      shut()
      socket.close()
    },
  }
}
