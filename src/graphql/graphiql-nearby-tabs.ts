/** A tab of one of the two phones. */
interface Example {
  who: 'first' | 'second'
  query: string
  variables?: object
}

const here = { latitude: 47.3769, longitude: 8.5417 }
/** A few steps away: never more than a cell, wherever the lines of this deployment run. */
const near = { latitude: 47.377, longitude: 8.5418 }
const fix = (place: typeof here) => ({ input: { ...place, accuracyMeters: 8, observedAt: '{{now}}' } })
const activityId = '{{FirstStarts.createActivity.activity.id}}'

/** What goes on around: where two phones are, who sees whom, and an activity that one of them starts. */
export const nearbyExamples: Example[] = [
  {
    who: 'first',
    variables: fix(here),
    query: `
# 9. The second story: what is around. A phone says where
#    it is; others are only ever told a cell of 700 m.

mutation FirstStands($input: HeartbeatInput!) {
  heartbeat(input: $input) {
    __typename
    ... on HeartbeatPayload {
      expiresAt
      shownFrom
    }
    ... on Error {
      code
      message
    }
  }
}`,
  },
  {
    who: 'first',
    variables: {
      input: { clientId: '{{newId}}', title: 'Chess in the park', emoji: '♟️', ...here, lifetimeMinutes: 90 },
    },
    query: `
# 10. It starts something. Until somebody joins, only who
#     is within 200 m sees it; it is gone after its end.

mutation FirstStarts($input: CreateActivityInput!) {
  createActivity(input: $input) {
    __typename
    ... on CreateActivityPayload {
      activity {
        id
        title
        state
        endsAt
      }
    }
    ... on Error {
      code
      message
    }
  }
}`,
  },
  {
    who: 'second',
    variables: fix(near),
    query: `
# 11. The second phone says where it is.

mutation SecondStands($input: HeartbeatInput!) {
  heartbeat(input: $input) {
    __typename
    ... on HeartbeatPayload {
      expiresAt
      shownFrom
    }
    ... on Error {
      code
      message
    }
  }
}`,
  },
  {
    who: 'second',
    query: `
# 12. And looks around: people by how near they are, never
#     where; activities with their place, which is public.

query SecondLooks {
  nearbyPeople(radius: UNDER_3_KM, first: 10) {
    edges {
      node {
        id
        band
      }
    }
  }
  nearbyActivities(radius: UNDER_3_KM, first: 10) {
    edges {
      band
      node {
        id
        emoji
        title
        state
        joinCount
        place {
          latitude
          longitude
        }
      }
    }
  }
}`,
  },
  {
    who: 'second',
    variables: { input: { activityId, displayName: 'Robin' } },
    query: `
# 13. It joins, under a name for this activity alone.

mutation SecondJoins($input: JoinActivityInput!) {
  joinActivity(input: $input) {
    __typename
    ... on JoinActivityPayload {
      activity {
        joinCount
        viewerHasJoined
      }
    }
    ... on Error {
      code
      message
    }
  }
}`,
  },
  {
    who: 'second',
    variables: { input: { clientId: '{{newId}}', activityId, body: 'On my way!' } },
    query: `
# 14. Those who are in talk to each other.

mutation SecondSays($input: SendActivityMessageInput!) {
  sendActivityMessage(input: $input) {
    __typename
    ... on SendActivityMessagePayload {
      activityMessage {
        seq
        body
        sentAt
      }
    }
    ... on Error {
      code
      message
    }
  }
}`,
  },
  {
    who: 'first',
    variables: { id: activityId },
    query: `
# 15. The host follows the activity. Run the tab before
#     once more in another window to see it move.

subscription FirstFollows($id: ID!) {
  activityEvents(id: $id) {
    __typename
    ... on Ready {
      cursor
    }
    ... on ActivityMessageSent {
      cursor
      message {
        seq
        body
        author {
          displayName
        }
      }
    }
    ... on ActivityJoined {
      cursor
      joinCount
    }
    ... on ActivityEnded {
      cursor
    }
  }
}`,
  },
]
