import { builder } from '../../graphql/builder.ts'
import type { Context } from '../../graphql/context.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { ProfileType } from '../profiles/schema.ts'
import { ConversationRoleEnum, ConversationType } from './conversation-schema.ts'
import type { Change, MemberChangeKind } from './index.ts'
import { MessageType } from './message-schema.ts'

type Told<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>

const names = {
  created: 'ConversationCreated',
  sent: 'MessageSent',
  edited: 'MessageEdited',
  deleted: 'MessageDeleted',
  reaction: 'ReactionChanged',
  read: 'MessagesRead',
  delivered: 'MessagesDelivered',
  member: 'MemberChanged',
  renamed: 'ConversationRenamed',
  erased: 'MessagesErased',
  hidden: 'MessageHidden',
  shown: 'MessageShown',
  withheld: 'ChangeWithheld',
} as const satisfies Record<Change['kind'], string>

export const ConversationChangeInterface = builder.interfaceRef<Change>('ConversationChange').implement({
  description:
    'Something that happened in a conversation. Each has its position: those of one conversation follow one another without gaps, and telling one again changes nothing.',
  fields: (t) => ({
    conversationId: t.globalID({
      description: 'In which conversation.',
      resolve: ({ conversationId }) => ({ type: 'Conversation', id: conversationId }),
    }),
    seq: t.exposeInt('seq', { description: 'Its position there: 1, 2, 3, …' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
  }),
  resolveType: ({ kind }) => names[kind],
})

const interfaces = [ConversationChangeInterface]
const profileOf = (accountId: string | null, context: Context) =>
  accountId === null ? null : loadersOf(context).profile.load(accountId)

builder.objectRef<Told<'created'>>(names.created).implement({
  interfaces,
  description:
    'The conversation was made: its first change. Whoever is added later begins with the change that adds them.',
  fields: (t) => ({
    conversation: t.field({
      type: ConversationType,
      description: 'The conversation as it is now.',
      resolve: ({ conversationId }, _args, context) => loadersOf(context).knownConversation.load(conversationId),
    }),
    by: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Who made it; null if they are erased, or a block hides them from you.',
      resolve: ({ byId }, _args, context) => profileOf(byId, context),
    }),
  }),
})

builder.objectRef<Told<'sent'>>(names.sent).implement({
  interfaces,
  description: 'Somebody said something.',
  fields: (t) => ({
    message: t.expose('message', {
      type: MessageType,
      description: 'The message as it is now. It may have been edited or deleted since: then that is what it says.',
    }),
  }),
})

builder.objectRef<Told<'edited'>>(names.edited).implement({
  interfaces,
  description: 'Somebody changed what they had said.',
  fields: (t) => ({ message: t.expose('message', { type: MessageType, description: 'The message as it is now.' }) }),
})

builder.objectRef<Told<'deleted'>>(names.deleted).implement({
  interfaces,
  description: 'A message was deleted. Forget what it said.',
  fields: (t) => ({
    message: t.expose('message', { type: MessageType, description: 'What is left of it: `body` is null.' }),
  }),
})

builder.objectRef<Told<'reaction'>>(names.reaction).implement({
  interfaces,
  description: 'Somebody put an emoji on a message, or took it away.',
  fields: (t) => ({
    message: t.expose('message', { type: MessageType, description: 'The message, with all that is on it now.' }),
    profile: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Who.',
      resolve: ({ accountId }, _args, context) => profileOf(accountId, context),
    }),
    emoji: t.exposeString('emoji', { description: 'Which.' }),
    present: t.exposeBoolean('present', { description: 'Whether it was put there or taken away, by this change.' }),
  }),
})

const receipt = (kind: 'read' | 'delivered', description: string, upTo: string) =>
  builder.objectRef<Told<typeof kind>>(names[kind]).implement({
    interfaces,
    description,
    fields: (t) => ({
      profile: t.field({
        type: ProfileType,
        nullable: true,
        description: 'Who; null once they are erased.',
        resolve: ({ accountId }, _args, context) => profileOf(accountId, context),
      }),
      upToSeq: t.exposeInt('upToSeq', { description: upTo }),
    }),
  })
receipt(
  'read',
  'Somebody has read on, over a message of somebody else. It never goes back, and what is read is delivered, too.',
  'Up to which position, that one included.',
)
receipt('delivered', 'More has reached a device of somebody.', 'Up to which position, that one included.')

const MemberChangeKindEnum = builder.enumType('MemberChangeKind', {
  description: 'What became of somebody in a group.',
  values: {
    ADDED: { description: 'They are in it from this position on.' },
    LEFT: { description: 'They left.' },
    REMOVED: { description: 'Somebody removed them.' },
    ROLE: { description: 'They may do something else now.' },
  } satisfies Record<MemberChangeKind, { description: string }>,
})

builder.objectRef<Told<'member'>>(names.member).implement({
  interfaces,
  description:
    'Somebody came or went, or has another role. Of a new owner and the former one each has a change of their own.',
  fields: (t) => ({
    profile: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Whom it is about; null once they are erased.',
      resolve: ({ accountId }, _args, context) => profileOf(accountId, context),
    }),
    by: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Who did it; null if they are erased, or a block hides them from you.',
      resolve: ({ byId }, _args, context) => profileOf(byId, context),
    }),
    change: t.expose('change', { type: MemberChangeKindEnum, description: 'What happened.' }),
    role: t.expose('role', {
      type: ConversationRoleEnum,
      description: 'Their role from then on; of those who went, the one they had.',
    }),
  }),
})

builder.objectRef<Told<'renamed'>>(names.renamed).implement({
  interfaces,
  description: 'The group has another name.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What it is called from then on.' }),
    by: t.field({
      type: ProfileType,
      nullable: true,
      description: 'Who named it; null if they are erased, or a block hides them from you.',
      resolve: ({ byId }, _args, context) => profileOf(byId, context),
    }),
  }),
})

const SeqRangeType = builder.objectRef<{ from: number; to: number }>('SeqRange').implement({
  description: 'Positions of one conversation that follow one another.',
  fields: (t) => ({
    from: t.exposeInt('from', { description: 'The first of them.' }),
    to: t.exposeInt('to', { description: 'The last of them.' }),
  }),
})

builder.objectRef<Told<'erased'>>(names.erased).implement({
  interfaces,
  description:
    'Somebody erased themselves. Forget what these messages said and who said it, and whatever else you keep of them.',
  fields: (t) => ({
    ranges: t.expose('ranges', {
      type: [SeqRangeType],
      description: 'Where their messages are. What else lies between is not a message of anybody.',
    }),
  }),
})

builder.objectRef<Told<'hidden'>>(names.hidden).implement({
  interfaces,
  description:
    'A message is not there any more. Forget it, with all that was on it; it may come back with `MessageShown`.',
  fields: (t) => ({
    messageId: t.globalID({
      description: 'Which message. It may be one that you never saw.',
      resolve: ({ messageId }) => ({ type: 'Message', id: messageId }),
    }),
    messageSeq: t.exposeInt('messageSeq', { description: 'The position of that message.' }),
  }),
})

builder.objectRef<Told<'shown'>>(names.shown).implement({
  interfaces,
  description: 'A message is there, or there again: at its own position, which lies before this one.',
  fields: (t) => ({ message: t.expose('message', { type: MessageType, description: 'The message as it is now.' }) }),
})

builder.objectRef<Told<'withheld'>>(names.withheld).implement({
  interfaces,
  description:
    'Something that is not for you: of somebody whom a block hides from you, about what was said before you came, or what is not shown. It only keeps positions without gaps.',
})
