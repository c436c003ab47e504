import { ask } from './gql.ts'
import { newClientId, type Phone } from './phones.ts'
import { zurich } from './places.ts'

interface Server {
  url: string
}

export interface ActivityNode {
  id: string
  title: string
  emoji: string
  kind: string
  state: string
  startsAt: string
  endsAt: string
  createdAt: string
  joinCount: number
  capacity: number | null
  seatsLeft: number | null
  place: { latitude: number; longitude: number }
  viewerIsHost: boolean
  viewerHasJoined: boolean
}

export interface ActivityOutcome {
  __typename: string
  code?: string
  message?: string
  activity?: ActivityNode
  limit?: number
  limitMeters?: number
  joins?: number
}

export const activityFields =
  'id title emoji kind state startsAt endsAt createdAt joinCount capacity seatsLeft place { latitude longitude } viewerIsHost viewerHasJoined'

const extra: Record<string, string> = {
  createActivity: '... on LatitudeOutOfRangeError { limit }',
  updateActivity: '... on PlaceTooFarError { limitMeters } ... on CapacityBelowJoinsError { joins }',
}

export function activityDocument(name: string): string {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}`
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
    ... on ${type}Payload { ${name === 'flagActivity' ? 'activityId' : `activity { ${activityFields} }`} } ${extra[name] ?? ''}
    ... on Error { code message } } }`
}

/** What a mutation of activities came to: its answer, or the code of what refused it as `code`. */
export async function act(phone: Phone, name: string, input: object, server?: Server): Promise<ActivityOutcome> {
  const variables = { input }
  const answer = server
    ? await ask<Record<string, ActivityOutcome>>(server, activityDocument(name), variables, { token: phone.token })
    : await phone.ask<Record<string, ActivityOutcome>>(activityDocument(name), variables)
  const refusal = answer.errors?.[0]
  if (refusal)
    return {
      ...refusal.extensions,
      __typename: 'refused',
      code: String(refusal.extensions?.['code']),
      message: refusal.message,
    }
  const outcome = answer.data?.[name]
  if (!outcome) throw new Error(`${name}: ${JSON.stringify(answer)}`)
  return outcome
}

export const activityInput = (more: object = {}) => ({
  ...{ clientId: newClientId(), title: 'Chess in the park', emoji: '♟️', ...zurich },
  ...more,
})

/** An activity of a phone, or why there is none. */
export async function start(phone: Phone, more: object = {}, server?: Server): Promise<ActivityNode> {
  const outcome = await act(phone, 'createActivity', activityInput(more), server)
  if (!outcome.activity) throw new Error(`createActivity: ${JSON.stringify(outcome)}`)
  return outcome.activity
}

export const activityDocumentById = `query ($id: ID!) { activity(id: $id) { ${activityFields} } }`

export async function look(phone: Phone, id: string): Promise<ActivityNode | null> {
  const { data, errors } = await phone.ask<{ activity: ActivityNode | null }>(activityDocumentById, { id })
  if (errors) throw new Error(JSON.stringify(errors))
  return data?.activity ?? null
}

export interface NearbyEdge {
  cursor: string
  band: string
  node: { id: string; title: string; joinCount: number; viewerHasJoined: boolean }
}

export const nearbyDocument = `query ($radius: RadiusBand!, $first: Int, $after: String) {
  nearbyActivities(radius: $radius, first: $first, after: $after) {
    edges { cursor band node { id title joinCount viewerHasJoined } } pageInfo { hasNextPage endCursor } } }`

/** A page of what is around a phone. */
export async function nearby(phone: Phone, radius = 'UNDER_50_KM', more: { first?: number; after?: string } = {}) {
  const { data, errors } = await phone.ask<{
    nearbyActivities: { edges: NearbyEdge[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } }
  }>(nearbyDocument, { radius, ...more })
  if (errors || !data) throw new Error(JSON.stringify(errors))
  return data.nearbyActivities
}

/** The uuid inside of an activity's id. */
export const activityUuid = (id: string) => Buffer.from(id, 'base64').toString().replace('Activity:', '')
