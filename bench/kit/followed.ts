// What the sockets of the bench `fanout` follow: an activity that its host changes, eight fields of it.
import type { Card } from '../../src/modules/activities/card.ts'
import { type ActivityEventPayload, activityEvents } from '../../src/modules/activities/index.ts'

export const streamOf = activityEvents
export const subscriptionField = 'activityEvents'

export interface EventsOrder {
  /** The activity. */
  key: string
  count: number
}

const startsAtMs = Date.UTC(2027, 4, 1, 18)
const endsAtMs = startsAtMs + 2 * 60 * 60 * 1000
const titles = ['Chess in the park', 'Chess under the arcades']

export function eventOf(id: string, n: number): Extract<ActivityEventPayload, { kind: 'changed' }> {
  const title = titles[n % titles.length] ?? ''
  const where = ['', 47.3769, 8.5417] as const
  const card: Card = [
    id,
    id,
    'SPONTANEOUS',
    title,
    '♟️',
    ...where,
    startsAtMs,
    endsAtMs,
    startsAtMs,
    3,
    8,
    n,
    0,
    0,
    '',
    '',
  ]
  return { kind: 'changed', atMs: Date.now(), card: JSON.stringify(card) }
}

const globalId = (id: string) => Buffer.from(`Activity:${id}`).toString('base64')

/** The same selection under another name of one field: a document of its own, and so a group of its own. */
export const documentOf = (id: string, name = 'title') =>
  `subscription { activityEvents(id: "${globalId(id)}") { __typename ... on Ready { cursor } ... on ActivityChanged { cursor
  activity { id ${name}: title emoji kind startsAt endsAt joinCount capacity } } } }`

/** The leanest schema that this can be asked of, */
export const leanSchema = `
  type Query { ok: Boolean! }
  type Subscription { activityEvents(id: ID!): ActivityEvent! }
  union ActivityEvent = Ready | ActivityChanged
  type Ready { cursor: String! }
  type ActivityChanged { cursor: String!, activity: Activity! }
  type Activity {
    id: ID!, title: String!, emoji: String!, kind: String!
    startsAt: String!, endsAt: String!, joinCount: Int!, capacity: Int
  }
`

/** and an event as its default resolvers take it. */
export function leanEventOf(cursor: string, id: string, n: number): object {
  const [startsAt, endsAt] = [startsAtMs, endsAtMs].map((ms) => new Date(ms).toISOString())
  const what = { title: titles[n % titles.length], emoji: '♟️', kind: 'SPONTANEOUS', joinCount: 3, capacity: 8 }
  const activity = { id: globalId(id), ...what, startsAt, endsAt }
  return { [subscriptionField]: { __typename: 'ActivityChanged', cursor, activity } }
}
