import { builder } from '../../graphql/builder.ts'
import { cursorDescription, cutWhenSlow, ReadyType, ResyncType } from '../../graphql/event-stream.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { onlookerOf } from '../../graphql/onlooker.ts'
import { accountOf } from '../../graphql/person.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { ProfileType } from '../profiles/schema.ts'
import { ConversationChangeInterface } from './change-schema.ts'
import { ConversationType } from './conversation-schema.ts'
import type { ConversationEventPayload, InboxPointer } from './index.ts'

type Told<Payload> = Extract<Delivery<Payload>, { kind: 'event' }>
type Typing = Extract<ConversationEventPayload, { kind: 'TYPING' }>

const ConversationChangedType = builder.objectRef<Told<InboxPointer>>('ConversationChanged').implement({
  description: 'Something happened in a conversation.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    change: t.field({
      type: ConversationChangeInterface,
      description: 'What, and at which position. What it says is how it is now, however long ago it happened.',
      resolve: ({ payload }, _args, context) => context.services.messages.changeAt(onlookerOf(context), payload),
    }),
  }),
})

const ConversationTypingType = builder.objectRef<Told<Typing>>('ConversationTyping').implement({
  description:
    'Somebody types, or has stopped. It passes: it is not replayed, and may be missed. Take them for silent after 6 seconds without another one, or with their message.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    conversationId: t.globalID({
      description: 'In which conversation.',
      resolve: ({ payload }) => ({ type: 'Conversation', id: payload.conversationId }),
    }),
    profile: t.field({
      type: ProfileType,
      description: 'Who.',
      resolve: async ({ payload }, _args, context) => {
        const profile = await loadersOf(context).profile.load(payload.accountId)
        if (!profile) throw new NotFoundError()
        return profile
      },
    }),
    typing: t.boolean({ description: 'Whether they type.', resolve: ({ payload }) => payload.typing }),
  }),
})

function nameOf(value: unknown): string {
  const delivery = value as Delivery<ConversationEventPayload>
  if (delivery.kind !== 'event') return delivery.kind === 'ready' ? 'Ready' : 'ResyncRequired'
  return delivery.payload.kind === 'TYPING' ? 'ConversationTyping' : 'ConversationChanged'
}

const types = [ReadyType, ResyncType, ConversationChangedType, ConversationTypingType] as const

const ConversationEventUnion = builder.unionType('ConversationEvent', {
  description: 'What `conversationEvents` delivers.',
  types: [...types],
  resolveType: nameOf as never,
})
const InboxEventUnion = builder.unionType('InboxEvent', {
  description: 'What `inbox` delivers.',
  types: [...types],
  resolveType: nameOf as never,
})

const afterDescription = 'The last cursor you got. Without it the stream starts now.'

builder.subscriptionFields((t) => ({
  conversationEvents: t.field({
    type: ConversationEventUnion,
    authScopes: { account: true },
    args: {
      conversationId: t.arg.globalID({ for: ConversationType, required: true, description: 'One that you are in.' }),
      after: t.arg({ type: 'Cursor', description: afterDescription }),
    },
    description:
      'What happens in a conversation, until you leave it. Nothing of it is ever lost: with `after`, however old, first what you missed, once and in order.',
    subscribe: (_root, { conversationId, after }, context) =>
      context.services.messages.conversationEvents(
        ...([accountOf(context.viewer), conversationId.id, after ?? null, cutWhenSlow(context)] as const),
      ),
    resolve: (delivery) => delivery as never,
  }),
  inbox: t.field({
    type: InboxEventUnion,
    authScopes: { account: true },
    args: { after: t.arg({ type: 'Cursor', description: afterDescription }) },
    description:
      'What happens in all of your conversations, also new ones. With `after`, from up to a day and 1,000 events ago, first what you missed, once and in order; else `ResyncRequired`: ask `syncChanges` what you missed.',
    subscribe: (_root, { after }, context) =>
      context.services.messages.inbox(accountOf(context.viewer), after ?? null, cutWhenSlow(context)),
    resolve: (delivery) => delivery as never,
  }),
}))
