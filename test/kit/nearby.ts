import { createPersonIds } from '../../src/platform/person-ids.ts'
import type { TestApp } from './app.ts'
import type { Phone } from './phones.ts'
import { follow, type Stream } from './socket.ts'

export const nearbyDocument = `query ($radius: RadiusBand!, $first: Int, $after: String) {
  nearbyPeople(radius: $radius, first: $first, after: $after) {
    edges { cursor node { id band } } pageInfo { hasNextPage endCursor } } }`

export const changedDocument = `subscription ($radius: RadiusBand!, $stayed: Boolean = false, $after: Cursor) {
  nearbyChanged(radius: $radius, stayed: $stayed, after: $after) { __typename
    ... on Ready { cursor }
    ... on NearbyChanged { cursor changes { change personId person { id band } activityId activity { title } band } }
    ... on ResyncRequired { cursor reason } } }`

export interface PeoplePage {
  edges: { cursor: string; node: { id: string; band: string } }[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

export interface NearbyChange {
  change: 'ENTERED' | 'STAYED' | 'LEFT'
  personId: string | null
  person: { id: string; band: string } | null
  activityId: string | null
  activity: { title: string } | null
  band: string | null
}

export type NearbyEvent =
  | { __typename: 'Ready'; cursor: string }
  | { __typename: 'NearbyChanged'; cursor: string; changes: NearbyChange[] }
  | { __typename: 'ResyncRequired'; cursor: string; reason: string }

/** The people whom a viewer is shown: name → band. */
export async function peopleAround(viewer: Phone, radius: string): Promise<Record<string, string>> {
  const answer = await viewer.ask<{ nearbyPeople: PeoplePage }>(nearbyDocument, { radius, first: 100 })
  if (!answer.data?.nearbyPeople) throw new Error(JSON.stringify(answer))
  return Object.fromEntries(answer.data.nearbyPeople.edges.map(({ node }) => [node.id, node.band]))
}

/** What these people are called towards a viewer. */
export function namesOf(app: TestApp, viewer: Phone, ...people: Phone[]): string[] {
  const ids = people.map(({ personId }) => personId)
  return createPersonIds(app.config.secret).of(viewer.personId, ids)
}

/** A client of `nearbyChanged`: what it would show, frame by frame. */
export interface Fence {
  stream: Stream<NearbyEvent>
  /** Person or activity → band. */
  inside: Map<string, string>
  /** Every event so far. */
  seen: NearbyEvent[]
  cursor: string
  /** Takes the next event. */
  next(): Promise<NearbyEvent>
  /** Takes events until it is so. */
  until(isSo: (inside: Map<string, string>) => boolean): Promise<void>
}

export async function openFence(
  app: { wsUrl: string },
  viewer: Phone,
  options: { radius: string; stayed?: boolean; after?: string; inside?: Map<string, string> },
): Promise<Fence> {
  const { radius, stayed = false, after, inside = new Map<string, string>() } = options
  const variables = { radius, stayed, ...(after ? { after } : {}) }
  const stream = follow<NearbyEvent>(app, changedDocument, { token: viewer.token, variables })
  const fence: Fence = {
    ...{ stream, inside, seen: [], cursor: '' },
    async next() {
      const event = await stream.next()
      fence.seen.push(event)
      fence.cursor = event.cursor
      if (event.__typename === 'NearbyChanged')
        for (const { change, personId, activityId, band } of event.changes) {
          const id = personId ?? activityId ?? ''
          if (change === 'LEFT') inside.delete(id)
          else inside.set(id, band ?? '')
        }
      return event
    },
    async until(isSo) {
      while (!isSo(inside)) await fence.next()
    },
  }
  await fence.next()
  return fence
}
