import { conversationExamples } from './graphiql-conversation-tabs.ts'
import { moderationExamples } from './graphiql-moderation-tabs.ts'
import { nearbyExamples } from './graphiql-nearby-tabs.ts'

/** What GraphiQL fills in by itself; without them its tabs register the phones they need. */
export interface GraphiqlTokens {
  /** The first phone's device token. */
  device?: string
  /** Of staff: without them there are no tabs for what only they may do. */
  moderator?: string
  admin?: string
}

export interface Tab {
  query: string
  headers: string
  variables?: string
}

const secondPhone = '{{RegisterSecond.registerDevice.token}}'

/**
 * The stories of two phones, which meet, and which see what is around, of two people who write to each other, and of a report: each tab works
 * as it stands, run one after the other. What stands in double braces is filled in when a tab is run: `{{now}}`, `{{newId}}`, or
 * what the tab of that name was answered last.
 */
export function graphiqlTabs({ device, moderator, admin }: GraphiqlTokens): Tab[] {
  const staff = new Map(Object.entries({ moderator, admin }))
  const firstPhone = device ?? '{{RegisterFirst.registerDevice.token}}'
  return [
    tab(catalog, device),
    ...(device ? [] : [tab(register('RegisterFirst', '   A phone registers, which needs no token.'))]),
    tab(firstOpens, firstPhone, { input: { clientId: '{{newId}}', interests: ['jazz', 'programming', 'hiking'] } }),
    tab(firstListens, firstPhone),
    tab(register('RegisterSecond', '4. A second phone registers, which needs no token.')),
    tab(secondOpens, secondPhone, { input: { clientId: '{{newId}}', interests: ['jazz', 'philosophy'] } }),
    tab(secondHears, secondPhone, {
      input: {
        sightings: [{ beacon: '{{FirstOpens.openSession.beacons.0.value}}', observedAt: '{{now}}', rssi: -60 }],
      },
    }),
    tab(firstComesBack, firstPhone, { after: '{{FirstListens.nudges.cursor}}' }),
    tab(matches, firstPhone),
    ...nearbyExamples.map(({ who, query, variables }) =>
      tab(query, who === 'first' ? firstPhone : secondPhone, variables),
    ),
    ...conversationExamples.map(({ who, query, variables }) =>
      tab(query, who && `{{${who}Registers.register.accessToken}}`, variables),
    ),
    ...(moderator && admin
      ? moderationExamples.map(({ who, query, variables }) =>
          tab(query, staff.get(who) ?? `{{${who}Registers.register.accessToken}}`, variables),
        )
      : []),
    ...(admin ? [tab(statistics, admin, { range: 'TODAY' })] : []),
  ]
}

function tab(query: string, token?: string, variables?: object): Tab {
  const json = (value: object) => JSON.stringify(value, null, 2)
  return {
    query: query.trim(),
    headers: token ? json({ authorization: `Bearer ${token}` }) : '{}',
    ...(variables ? { variables: json(variables) } : {}),
  }
}

const catalog = `
# Welcome to Vicinity. These tabs let two phones meet:
# run them from left to right with the play button.
#
# 1. What can two people have in common?

query Catalog {
  interestCatalog {
    id
    label
    interests {
      id
      label
    }
  }
}`

const register = (name: string, says: string) => `
# ${says}
#    Its token is filled into the headers of the tabs
#    that speak for it.

mutation ${name} {
  registerDevice(input: {}) {
    __typename
    ... on RegisterDevicePayload {
      token
      expiresAt
      device {
        id
      }
    }
  }
}`

const open = (name: string, says: string) => `
${says}

mutation ${name}($input: OpenSessionInput!) {
  closeSession(input: {}) {
    __typename
  }
  openSession(input: $input) {
    __typename
    ... on OpenSessionPayload {
      session {
        id
        state
        expiresAt
      }
      beacons {
        value
        validFrom
        validUntil
      }
    }
    ... on Error {
      code
      message
    }
  }
}`

const firstOpens = open(
  'FirstOpens',
  `# 2. The first phone is open to talk. It gets the beacons
#    that it will advertise over Bluetooth: random, and
#    another one every ten minutes.
#    What an earlier try left open is closed before.`,
)

const events = `
    __typename
    ... on Ready {
      cursor
    }
    ... on Nudge {
      cursor
      matchId
      sharedInterests
      nudgedAt
    }
    ... on ResyncRequired {
      cursor
      reason
    }`

const firstListens = `
# 3. The first phone listens. The first event says where
#    its stream stands. Then go on to the next tab: that
#    cuts the connection, as a tunnel would.

subscription FirstListens {
  nudges {${events}
  }
}`

const secondOpens = open('SecondOpens', '# 5. The second phone is open to talk too.')

const secondHears = `
# 6. The second phone hears the first one’s beacon.
#    They share an interest.

mutation SecondHears($input: ReportSightingsInput!) {
  reportSightings(input: $input) {
    __typename
    ... on ReportSightingsPayload {
      sightings {
        match
        sharedInterests
        nudgeSent
      }
    }
    ... on Error {
      code
      message
    }
  }
}`

const firstComesBack = `
# 7. The first phone is out of the tunnel. It tells the
#    last cursor it got, and the nudge that it missed
#    meanwhile comes now, once.

subscription FirstComesBack($after: Cursor) {
  nudges(after: $after) {${events}
  }
}`

const matches = `
# 8. What the first phone shows its person.

query Matches {
  session {
    state
    matches(first: 10) {
      edges {
        cursor
        node {
          id
          sharedInterests
          matchedAt
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}`

const statistics = `
# 24. For ADMIN: aggregates. What would speak of fewer
#     than ten people is null.

query Statistics($range: StatsRange!) {
  stats(range: $range) {
    activeSessions
    days {
      date
      totalSessions
      totalMatches
      categories {
        category
        count
      }
    }
  }
}`
