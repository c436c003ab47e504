import { follow } from '../socket.ts'
import { type Scene, subject } from './rows.ts'

interface Feed extends Scene {
  cursor: string
}

const statsDocument =
  'subscription ($after: Cursor) { liveStats(after: $after) { __typename ... on Ready { cursor } } }'

/** What is the same for all who may follow it. */
export const feeds = subject<Feed>({
  name: 'the statistics',
  async set(app, around) {
    const stream = follow<{ cursor: string }>(app, statsDocument, { token: around.ADMIN })
    const { cursor } = await stream.next()
    stream.stop()
    return { tokens: around, cursor }
  },
  rows: [
    {
      of: 'Subscription.liveStats(after)',
      query: statsDocument,
      variables: ({ cursor }) => ({ after: cursor }),
      gets: { nobody: 'UNAUTHENTICATED', ADMIN: 'Ready', others: 'FORBIDDEN' },
    },
  ],
})
