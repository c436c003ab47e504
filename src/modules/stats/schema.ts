import { builder } from '../../graphql/builder.ts'
import { cursorDescription, cutWhenSlow, memberOf, ReadyType, ResyncType } from '../../graphql/event-stream.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import type { DayOfStats, ShownCell, StatsRange, StatsSnapshot } from './index.ts'

const suppressed = 'Rounded to 5; null where it would speak of fewer than ten people.'

const StatsRangeEnum = builder.enumType('StatsRange', {
  description: 'Which days, in UTC. Today is the last of them.',
  values: {
    TODAY: { description: 'Today.' },
    LAST_7_DAYS: { description: 'Seven days.' },
    LAST_30_DAYS: { description: 'Thirty days.' },
  } as const,
})

const CategoryCount = builder.objectRef<ShownCell>('InterestCategoryCount').implement({
  description: 'How many sessions named an interest of a category.',
  fields: (t) => ({
    category: t.exposeString('name', { description: 'The id of the category.' }),
    count: t.exposeInt('count', { nullable: true, description: suppressed }),
  }),
})

const DailyStatsType = builder.objectRef<DayOfStats>('DailyStats').implement({
  description: 'What was counted on one UTC day, as of the last release: once a minute.',
  fields: (t) => ({
    date: t.exposeString('date', { description: '`2026-05-01`.' }),
    totalSessions: t.exposeInt('sessions', { nullable: true, description: `Sessions opened. ${suppressed}` }),
    totalMatches: t.exposeInt('matches', { nullable: true, description: `Pairs that matched. ${suppressed}` }),
    categories: t.expose('categories', {
      type: [CategoryCount],
      description:
        'Categories named at least once. If one alone had to be hidden, the next smallest is hidden with it.',
    }),
  }),
})

const StatsType = builder.objectRef<{ range: StatsRange }>('Stats').implement({
  description: 'Aggregates that reveal no one.',
  fields: (t) => ({
    activeSessions: t.int({
      nullable: true,
      description: `Sessions open at the last release. ${suppressed}`,
      resolve: (_stats, _args, { services }) => services.stats.activeSessions(),
    }),
    days: t.field({
      type: [DailyStatsType],
      complexity: { field: 1, multiplier: 30 },
      description: 'The days of the range, oldest first.',
      resolve: ({ range }, _args, { services }) => services.stats.days(range),
    }),
  }),
})

builder.queryField('stats', (t) =>
  t.field({
    type: StatsType,
    nullable: true,
    authScopes: { admin: true },
    args: { range: t.arg({ type: StatsRangeEnum, required: true, description: 'Which days.' }) },
    description: 'Statistics, for ADMIN.',
    resolve: (_root, { range }) => ({ range }),
  }),
)

type SnapshotDelivery = Extract<Delivery<StatsSnapshot>, { kind: 'event' }>

const StatsSnapshotType = builder.objectRef<SnapshotDelivery>('StatsSnapshot').implement({
  description: 'The counts of one release.',
  fields: (t) => ({
    cursor: t.expose('cursor', {
      type: 'Cursor',
      description: cursorDescription,
    }),
    releasedAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ payload }) => new Date(payload.atMs) }),
    activeSessions: t.int({
      nullable: true,
      description: `Open sessions. ${suppressed}`,
      resolve: ({ payload }) => payload.activeSessions,
    }),
    sessionsToday: t.int({
      nullable: true,
      description: `Sessions opened today (UTC). ${suppressed}`,
      resolve: ({ payload }) => payload.sessionsToday,
    }),
    matchesToday: t.int({
      nullable: true,
      description: `Pairs that matched today. ${suppressed}`,
      resolve: ({ payload }) => payload.matchesToday,
    }),
    categoriesToday: t.field({
      type: [CategoryCount],
      description: 'Today’s categories.',
      resolve: ({ payload }) => payload.categoriesToday,
    }),
  }),
})

const StatsEvent = builder.unionType('StatsEvent', {
  description: 'What `liveStats` delivers.',
  types: [ReadyType, StatsSnapshotType, ResyncType],
  resolveType: memberOf('StatsSnapshot'),
})

builder.subscriptionField('liveStats', (t) =>
  t.field({
    type: StatsEvent,
    authScopes: { admin: true },
    args: {
      after: t.arg({
        type: 'Cursor',
        required: false,
        description: 'The last cursor you got. Without it the stream starts now.',
      }),
    },
    description: 'A snapshot a minute, for ADMIN.',
    subscribe: (_root, { after }, context) => context.services.stats.live(after ?? null, cutWhenSlow(context)),
    resolve: (delivery) => delivery as never,
  }),
)
