/** The operations of a phone, as an app would send them. */
export const catalogueDocument = '{ interestCatalog { interests { id } } }'

export const openDocument = `mutation ($input: OpenSessionInput!) { openSession(input: $input) { __typename
  ... on OpenSessionPayload { secret session { expiresAt } beacons { value validFrom validUntil } }
  ... on Error { code message } } }`

export const extendDocument = `mutation { extendSession(input: {}) { __typename
  ... on ExtendSessionPayload { session { expiresAt } beacons { value validFrom validUntil } }
  ... on Error { code message } } }`

export const reportDocument = `mutation ($input: ReportSightingsInput!) { reportSightings(input: $input) { __typename
  ... on ReportSightingsPayload { sightings { match sharedInterests nudgeSent } }
  ... on Error { code message } } }`

export const nudgesDocument = `subscription ($after: Cursor) { nudges(after: $after) { __typename
  ... on Ready { cursor }
  ... on Nudge { cursor matchId sharedInterests nudgedAt }
  ... on ResyncRequired { cursor reason } } }`
