// What the sockets of the bench `fanout` follow: one stream, selected eight fields wide.
import { type NudgePayload, nudgesTopic } from '../../src/modules/matches/events.ts'

export const streamOf = nudgesTopic
export const subscriptionField = 'nudges'

export interface EventsOrder {
  key: string
  count: number
}

export const eventOf = (n: number): NudgePayload => ({
  matchId: n.toString(16).padStart(40, 'c0ffee'),
  sessionId: '019a0000-0000-7000-8000-0123456789ab',
  shared: [],
  atMs: Date.now(),
})

/** The same selection under another name of one field: a document of its own, and so a group of its own. */
export const documentOf = (name = 'match') => `subscription { ${subscriptionField} { __typename ... on Ready { cursor }
  ... on Nudge { cursor matchId sessionId sharedInterests nudgedAt ${name}: matchId session: sessionId at: nudgedAt } } }`
