/** The operations of a phone, as an app would send them. */
const problem = '... on Error { code message }'

export const heartbeatDocument = `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename
  ... on HeartbeatPayload { expiresAt } ${problem} } }`

export const endPresenceDocument = `mutation { endPresence { __typename
  ... on EndPresencePayload { ended } } }`

export const peopleDocument = `query { nearbyPeople(radius: UNDER_1_KM, first: 20) {
  edges { node { id band } } } }`

export const activitiesDocument = `query { nearbyActivities(radius: UNDER_3_KM, first: 20) {
  edges { node { id capacity joinCount viewerIsHost } } } }`

export const createDocument = `mutation ($input: CreateActivityInput!) { createActivity(input: $input) { __typename
  ... on CreateActivityPayload { activity { id } } ${problem} } }`

export const joinDocument = `mutation ($input: JoinActivityInput!) { joinActivity(input: $input) { __typename
  ... on JoinActivityPayload { activity { id joinCount } } ${problem} } }`

export const leaveDocument = `mutation ($input: LeaveActivityInput!) { leaveActivity(input: $input) { __typename
  ... on LeaveActivityPayload { activity { id } } ${problem} } }`

export const cancelDocument = `mutation ($input: CancelActivityInput!) { cancelActivity(input: $input) { __typename
  ... on CancelActivityPayload { activity { id } } ${problem} } }`

export const sendDocument = `mutation ($input: SendActivityMessageInput!) { sendActivityMessage(input: $input) { __typename
  ... on SendActivityMessagePayload { activityMessage { id seq } } ${problem} } }`

export const fenceDocument = `subscription ($after: Cursor) { nearbyChanged(radius: UNDER_1_KM, after: $after) { __typename
  ... on Ready { cursor }
  ... on NearbyChanged { cursor changes { change personId activityId } }
  ... on ResyncRequired { cursor reason } } }`

export const eventsDocument = `subscription ($id: ID!, $after: Cursor) { activityEvents(id: $id, after: $after) { __typename
  ... on Ready { cursor }
  ... on ActivityJoined { cursor joinCount }
  ... on ActivityLeft { cursor joinCount }
  ... on ActivityChanged { cursor }
  ... on ActivityEnded { cursor }
  ... on ActivityMessageSent { cursor message { id seq } }
  ... on ResyncRequired { cursor reason } } }`
