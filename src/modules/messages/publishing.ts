// Invariant: what is committed reaches the conversation's stream, and every inbox it belongs to once and in the order of its seqs, whoever publishes it.
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { DurableTopic } from '../../platform/delivery/topics.ts'
import { describeError, type Logger } from '../../platform/logger.ts'
import type { EntryPointer } from './entries.ts'
import type { ConversationEntryStore, Reach } from './entry-store.ts'
import { type ConversationEventPayload, inboxTopic, type PublishedPointer } from './events.ts'
import type { InboxAppend, InboxStore } from './inbox-store.ts'

export interface Publishing {
  /**
   * Publishes entries, after their commit. Returns at once and never fails: what does not succeed is left to the relay. `memberIds`: who
   * is in the conversation at these positions; without it they are asked for. Where members change they are asked for always.
   * Repeating it is safe.
   */
  publish(entries: readonly EntryPointer[], memberIds?: readonly string[]): void
  /** The same for everything up to a seq; resolves when it is there. UNAVAILABLE while a store does not answer. */
  publishUpTo(conversationId: string, seq: number): Promise<void>
  /** Tells the present members that somebody types, or has stopped. Nothing is kept, and nothing is told while Redis does not answer. */
  typing(signal: { conversationId: string; accountId: string; typing: boolean }, memberIds: readonly string[]): void
  /** Resolves when nothing is under way here. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** What an inbox may be filled with at once: what its log keeps. */
const fillAtMost = inboxTopic.maxLength
const markEveryMs = 100
/** An inbox that another publisher, or a lost Redis, has changed meanwhile is asked again so often. */
const attempts = 4

interface Waiting {
  seq: number
  pointer: EntryPointer | undefined
  memberIds: readonly string[] | undefined
  done(error?: unknown): void
}

export function createPublishing(deps: {
  entries: ConversationEntryStore
  inboxes: InboxStore
  delivery: DeliveryEngine
  topic: DurableTopic<ConversationEventPayload>
  logger: Logger
}): Publishing {
  const { entries, inboxes, delivery, topic, logger } = deps
  /** Per conversation what is to be published next; one publication of each is under way here at a time. */
  const waiting = new Map<string, Waiting[]>()
  const running = new Set<Promise<void>>()
  const published = new Map<string, number>()
  let marking: NodeJS.Timeout | undefined

  const quietly = (what: string) => (error: unknown) => logger.debug(`messages: ${what}`, describeError(error))

  function track(work: Promise<void>): Promise<void> {
    const tracked = work.finally(() => running.delete(tracked))
    running.add(tracked)
    return tracked
  }

  async function settled() {
    while (running.size > 0) await Promise.all(running)
  }

  function add(conversationId: string, one: Waiting) {
    const others = waiting.get(conversationId)
    if (others) return void others.push(one)
    waiting.set(conversationId, [one])
    void track(drain(conversationId))
  }

  async function drain(conversationId: string) {
    for (let batch = waiting.get(conversationId); batch?.length; batch = waiting.get(conversationId)) {
      waiting.set(conversationId, [])
      const error = await publishBatch(conversationId, batch).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      for (const { done } of batch) done(error)
    }
    waiting.delete(conversationId)
  }

  async function publishBatch(conversationId: string, batch: Waiting[]) {
    for (const run of runsOf(batch)) {
      const first = run[0]?.seq ?? 0
      const last = run.at(-1)?.seq ?? 0
      const reach = reachKnown(run)
      if (reach)
        await hand(
          conversationId,
          first,
          run.flatMap(({ pointer }) => pointer ?? []),
          reach,
        )
      else {
        const [read, reaching] = await Promise.all([
          entries.source.read(conversationId, first - 1, last - first + 1),
          entries.reachFrom(conversationId, first),
        ])
        const found = read.entries.map(({ payload }) => payload as PublishedPointer)
        if (found.length > 0) await hand(conversationId, first, found, reaching)
      }
      published.set(conversationId, Math.max(last, published.get(conversationId) ?? 0))
    }
    marking ??= setTimeout(() => void track(mark()), markEveryMs).unref()
  }

  async function mark() {
    marking = undefined
    const marks = new Map(published)
    published.clear()
    await inboxes.mark(marks).catch(quietly('what is published is not marked'))
  }

  /** Appends what follows one another to every inbox it belongs to, and fills those that lack something before it. */
  async function hand(conversationId: string, first: number, pointers: PublishedPointer[], reach: readonly Reach[]) {
    const upTo = pointers.at(-1)?.seq ?? 0
    const wakeUps = pointers.map((pointer) => delivery.wakeUp(topic, conversationId, pointer.seq, pointer))
    const present = reach.filter(({ joinedSeq }) => joinedSeq <= upTo)
    const appends = present.map((one) => ({
      accountId: one.accountId,
      // Who sees nothing before lacks nothing before.
      after: one.joinedSeq >= first ? 0 : first - 1,
      upTo,
      pointers: pointers.filter(({ seq }) => isWithin(one, seq)),
      fromNothing: first === 1 || one.joinedSeq >= first,
      lossy: false,
    }))
    let lacking = await appendAll(conversationId, appends, wakeUps)
    for (let attempt = 1; lacking.size > 0; attempt += 1) {
      if (attempt > attempts) throw new Error('an inbox could not be filled')
      lacking = await fill(conversationId, upTo, lacking)
    }
  }

  /** Answers who lacks something: up to where they have it, or that they know nothing. */
  async function appendAll(
    conversationId: string,
    appends: InboxAppend[],
    wakeUps: { channel: string; message: string }[] = [],
  ): Promise<Map<string, number | undefined>> {
    const answers = await inboxes.append(conversationId, appends, wakeUps)
    const lacking = new Map<string, number | undefined>()
    for (const [i, answer] of answers.entries()) {
      const accountId = appends[i]?.accountId
      if (accountId === undefined || answer.kind === 'there') continue
      lacking.set(accountId, answer.kind === 'behind' ? answer.at : undefined)
    }
    return lacking
  }

  /**
   * Gives inboxes what they lack, from Postgres. One that knows nothing of the conversation gets what may not have been published yet. Who
   * left meanwhile may not have been told.
   */
  async function fill(conversationId: string, upTo: number, lacking: Map<string, number | undefined>) {
    const after = Math.min(upTo, ...[...lacking.values()].map((at) => at ?? upTo))
    const sinceMs = [...lacking.values()].includes(undefined) ? await inboxes.watermark() : undefined
    const [found, reach] = await Promise.all([
      entries.latest(conversationId, upTo, { after, sinceMs, limit: fillAtMost }),
      entries.reachFrom(conversationId, after + 1),
    ])
    const cut = found.length === fillAtMost ? found[0] : undefined
    const appends = reach.flatMap((one): InboxAppend[] => {
      const gone = one.leftSeq !== null && one.leftSeq <= upTo
      if (one.joinedSeq > upTo || !(lacking.has(one.accountId) || gone)) return []
      const at = lacking.has(one.accountId) ? lacking.get(one.accountId) : after
      const missing = found.filter(
        ({ seq, isRecent }) => isWithin(one, seq) && (at === undefined ? isRecent : seq > at),
      )
      return [
        {
          ...{ accountId: one.accountId, after: at ?? 0, upTo, fromNothing: at === undefined },
          lossy: cut !== undefined && (at === undefined ? cut.isRecent : cut.seq > Math.max(at + 1, one.joinedSeq)),
          pointers: missing.map(({ isRecent: _, ...pointer }) => pointer),
        },
      ]
    })
    return appendAll(conversationId, appends)
  }

  return {
    publish(told, memberIds) {
      const failed = quietly('not published yet')
      const known = told.some(({ kind }) => kind === 'MEMBER') ? undefined : memberIds
      const done = (error?: unknown) => {
        if (error !== undefined) failed(error)
      }
      for (const pointer of told) add(pointer.conversationId, { seq: pointer.seq, pointer, memberIds: known, done })
    },
    publishUpTo: (conversationId, seq) =>
      new Promise((resolve, reject) => {
        const done = (error?: unknown) => (error === undefined ? resolve() : reject(error))
        add(conversationId, { seq, pointer: undefined, memberIds: undefined, done })
      }),
    typing({ conversationId, accountId, typing }, memberIds) {
      const payload = { conversationId, kind: 'TYPING' as const, accountId, typing }
      const others = memberIds.filter((id) => id !== accountId)
      void track(
        Promise.all([
          delivery.signal(topic, conversationId, payload),
          ...others.map((id) => delivery.signal(inboxTopic, id, payload)),
        ]).then(() => undefined, quietly('nobody is told who types')),
      )
    },
    settled,
    async close() {
      while (running.size > 0) await Promise.all(running)
      clearTimeout(marking)
      await mark()
    },
  }
}

const isWithin = ({ joinedSeq, leftSeq }: Reach, seq: number) =>
  joinedSeq <= seq && (leftSeq === null || seq <= leftSeq)

/** What follows one another without a hole, each seq once. */
function runsOf(batch: readonly Waiting[]): Waiting[][] {
  const runs: Waiting[][] = []
  for (const one of [...batch].sort((a, b) => a.seq - b.seq)) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (last?.seq === one.seq) {
      if (run && last.memberIds === undefined && one.memberIds !== undefined) run[run.length - 1] = one
    } else if (run && last?.seq === one.seq - 1) run.push(one)
    else runs.push([one])
  }
  return runs
}

/** Who the entries of a run belong to, if whoever wrote them said so of each. */
function reachKnown(run: readonly Waiting[]): Reach[] | undefined {
  if (run.some(({ pointer, memberIds }) => !pointer || !memberIds)) return undefined
  return (run[0]?.memberIds ?? []).map((accountId) => ({ accountId, joinedSeq: 1, leftSeq: null }))
}
