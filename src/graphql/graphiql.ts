import type { GraphiQLOptions } from 'graphql-yoga'

const clientId = () => `graphiql-${Math.random().toString(36).slice(2, 12)}`

/** Tabs that work as they stand, from the first question to two phones that meet. */
export function graphiqlTabs(token: string | undefined): GraphiQLOptions {
  const headers = token ? JSON.stringify({ authorization: `Bearer ${token}` }, null, 2) : '{}'
  const tab = (query: string, variables?: object) => ({ query: query.trim(), headers, ...(variables ? { variables: JSON.stringify(variables, null, 2) } : {}) })
  return {
    title: 'Vicinity',
    subscriptionsProtocol: 'WS',
    shouldPersistHeaders: false,
    headers,
    defaultTabs: [
      tab(`
# What can two people have in common? Run it as it stands.
query Catalog {
  interestCatalog {
    id
    label
    interests { id label }
  }
}`),
      tab(
        `
# Opens this phone to talk. Run it again: the same clientId gives the same session.
mutation Open($input: OpenSessionInput!) {
  openSession(input: $input) {
    __typename
    ... on OpenSessionPayload {
      secret
      session { id expiresAt state }
      beacons { value validFrom validUntil }
    }
    ... on Error { code message }
  }
}`,
        { input: { clientId: clientId(), interests: ['jazz', 'programming'] } },
      ),
      tab(`
# Stays open: the first event says where the stream stands, then come your nudges.
subscription Nudges {
  nudges {
    __typename
    ... on Ready { cursor }
    ... on Nudge { cursor matchId sharedInterests nudgedAt }
    ... on ResyncRequired { cursor reason }
  }
}`),
      tab(`
# A second phone. Put its token into the headers of another tab to let the two meet.
mutation Register {
  registerDevice(input: {}) {
    __typename
    ... on RegisterDevicePayload { token expiresAt device { id } }
  }
}`),
    ],
  }
}
