import type { Delivery } from '../platform/delivery/index.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'

/** The close code that tells a phone to come back with its last cursor. */
const slowConsumerCode = 4412

/** What to do about a subscriber that does not take its events: cut its socket, since nobody may be reading what we say on it. */
export const cutWhenSlow =
  ({ connection }: Context) =>
  () =>
    connection?.cut(slowConsumerCode, 'Slow consumer')

type Ready = Extract<Delivery<unknown>, { kind: 'ready' }>
type Resync = Extract<Delivery<unknown>, { kind: 'resync' }>

export const cursorDescription = 'Keep it, and hand it back as `after` to go on from here.'

export const ReadyType = builder.objectRef<Ready>('Ready').implement({
  description:
    'The first event of every stream that can be resumed or is new: where it stands for you. What you missed follows, then what happens.',
  fields: (t) => ({ cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }) }),
})

const ResyncReasonEnum = builder.enumType('ResyncReason', {
  description: 'Why a stream could not be resumed without a gap.',
  values: {
    EPOCH_CHANGED: { description: 'The log that your cursor belongs to is gone.' },
    WINDOW_EXCEEDED: { description: 'You were away for longer, or missed more, than the log keeps.' },
  } as const,
})

export const ResyncType = builder.objectRef<Resync>('ResyncRequired').implement({
  description: 'Events were lost to you. Load again what you show; the stream goes on from now.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    reason: t.expose('reason', { type: ResyncReasonEnum, description: 'What happened.' }),
  }),
})

/** The type of an event in a union with Ready and ResyncRequired. */
export const memberOf =
  <Name extends string>(event: Name) =>
  (delivery: { kind: Delivery<unknown>['kind'] }): Name | 'Ready' | 'ResyncRequired' =>
    delivery.kind === 'event' ? event : delivery.kind === 'ready' ? 'Ready' : 'ResyncRequired'
