// Invariant: whatever happens in a conversation has one place in one order, told to whoever is in it and to nobody else.
import type { Clock } from '../../platform/clock.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Postgres } from '../../platform/postgres.ts'
import type { RateLimiter } from '../../platform/rate-limit.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { SubjectSource } from '../enforcement/index.ts'
import type { Gate, Shadows } from '../gate/index.ts'
import type { SocialService } from '../social/index.ts'
import { createChangeStore } from './change-store.ts'
import { type Changes, createChanges } from './changes.ts'
import { type Changing, createChanging } from './changing.ts'
import { createConversationStore } from './conversation-store.ts'
import { type Conversations, createConversations } from './conversations.ts'
import { createErasing, type Erasing } from './erasing.ts'
import { createErasingStore } from './erasing-store.ts'
import { createForesight } from './foresight.ts'
import { createInvitations } from './invitations.ts'
import { createLockStore } from './lock-store.ts'
import { createMemberStore } from './member-store.ts'
import { createMembers, type Members } from './members.ts'
import { createMessageStore } from './message-store.ts'
import { createReading, type Reading } from './reading.ts'
import { createReadingStore } from './reading-store.ts'
import { createReceiptStore } from './receipt-store.ts'
import { createReceipts, type Receipts } from './receipts.ts'
import { createSending, type Sending } from './sending.ts'
import { createStateStore } from './state-store.ts'
import { createStreams, type Streams } from './streams.ts'
import { createMessageSubjects } from './subjects.ts'
import { createSync, type Sync } from './sync.ts'
import { createSyncCursors } from './sync-cursors.ts'
import { createSyncStore } from './sync-store.ts'
import { createTelling } from './telling.ts'

/** The parts say what refuses each call, and whether repeating it is safe. */
export interface MessageService
  extends Conversations,
    Members,
    Reading,
    Sending,
    Changing,
    Receipts,
    Changes,
    Sync,
    Streams,
    Erasing {
  /** Messages as what can be reported, judged and acted on. */
  subjects: SubjectSource
  /** Tells what whoever wrote it could not: see `relay.ts`. */
  relay(): Promise<void>
  /** Resolves when nothing is being told here. */
  settled(): Promise<void>
  /** Tells what is still to be told here. */
  close(): Promise<void>
}

export function createMessageService(deps: {
  postgres: Postgres
  redis: RedisConnections
  delivery: DeliveryEngine
  social: SocialService
  limiter: RateLimiter
  gate: Gate & Shadows
  clock: Clock
  logger: Logger
  secret: string
  rateLimits: boolean
}): MessageService {
  const { postgres, delivery, social, limiter, gate, clock, secret, rateLimits } = deps
  const { hiddenFrom } = social
  const telling = createTelling(deps)
  const tell = telling.publish
  const conversations = createConversationStore(postgres)
  const members = createMemberStore(postgres)
  const readings = createReadingStore(postgres)
  const locks = createLockStore(postgres)
  const changeStore = createChangeStore(postgres)
  const invitations = createInvitations({ members, limiter })
  const changes = createChanges({ store: changeStore, readings, hiddenFrom })
  const cursors = createSyncCursors(secret)
  const { entries, topic } = telling
  const reading = createReading({ conversations, members, messages: readings, social, clock })

  return {
    ...createConversations({ store: conversations, invitations, tell, limiter, gate, clock, secret }),
    ...createMembers({ locks, invitations, tell, limiter, gate, secret }),
    ...reading,
    ...createSending({ store: createMessageStore(postgres), tell, limiter, gate, now: clock.now, secret, rateLimits }),
    ...createChanging({ locks, social, tell, limiter, gate, secret }),
    ...createReceipts({
      store: createReceiptStore(postgres),
      members,
      tell,
      tellTyping: telling.typing,
      limiter,
      gate,
    }),
    ...changes,
    ...createSync({
      store: createSyncStore(postgres),
      ...{ changeStore, changes, conversations, members, readings, cursors, delivery, hiddenFrom },
    }),
    ...createStreams({ delivery, social, entries, topic, foresight: createForesight({ changes, clock }) }),
    ...createErasing({ store: createErasingStore(postgres), locks, tell, forget: telling.forget }),
    subjects: createMessageSubjects({ store: createStateStore(postgres), locks, readings, reading, tell }),
    relay: telling.relay,
    settled: telling.settled,
    close: telling.close,
  }
}
