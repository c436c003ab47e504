import { builder } from '../../graphql/builder.ts'
import { cursorDescription, cutWhenSlow, memberOf, ReadyType, ResyncType } from '../../graphql/event-stream.ts'
import { loadersOf } from '../../graphql/loaders.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { staffOf } from '../../graphql/staff.ts'
import type { Delivery } from '../../platform/delivery/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { CaseFilterInput, filterOf } from './filter-schema.ts'
import type { CaseChanged, CaseOrder } from './index.ts'
import { CaseChangeEnum, CaseType } from './schema.ts'

const CaseOrderEnum = builder.enumType('CaseOrder', {
  description: 'In which order cases are listed.',
  values: {
    SEVERITY: { description: 'The most urgent first, and of those who has waited longest.' },
    OPENED: { description: 'The newest first.' },
    DUE: { description: 'What is due next, or has been for longest, first.' },
  } satisfies Record<CaseOrder, { description: string }>,
})

const CaseChangedType = builder.objectRef<Extract<Delivery<CaseChanged>, { kind: 'event' }>>('CaseChanged').implement({
  description: 'Something happened to a case.',
  fields: (t) => ({
    cursor: t.expose('cursor', { type: 'Cursor', description: cursorDescription }),
    change: t.field({ type: CaseChangeEnum, description: 'What.', resolve: ({ payload }) => payload.change }),
    case: t.field({
      type: CaseType,
      description: 'The case as it is now: take it off the screen if it does not fit there any more.',
      resolve: async ({ payload }, _args, context) => {
        const found = await loadersOf(context).shownCase.load(payload.caseId)
        if (!found) throw new NotFoundError()
        return found
      },
    }),
  }),
})

const QueueEventUnion = builder.unionType('ModerationQueueEvent', {
  description: 'What `moderationQueue` delivers.',
  types: [ReadyType, CaseChangedType, ResyncType],
  resolveType: memberOf('CaseChanged') as never,
})

builder.queryFields((t) => ({
  case: t.field({
    type: CaseType,
    nullable: true,
    authScopes: { moderator: true },
    args: { id: t.arg.globalID({ for: CaseType, required: true, description: 'Its id.' }) },
    description: 'A case, for MODERATOR. One of a campus that is not yours is refused as one that is not there.',
    resolve: (_root, { id }, { services, viewer }) => services.moderation.case(staffOf(viewer), id.id),
  }),
  cases: t.connection({
    type: CaseType,
    nullable: true,
    authScopes: { moderator: true },
    complexity: pageSize.cost,
    args: {
      filter: t.arg({ type: CaseFilterInput, description: 'Which. Without it, all.' }),
      orderBy: t.arg({ type: CaseOrderEnum, defaultValue: 'SEVERITY', description: 'In which order.' }),
    },
    description: 'Cases of your campuses, and of none, for MODERATOR.',
    resolve: (_root, { filter, orderBy, ...args }, { services, viewer }) => {
      const staff = staffOf(viewer)
      const which = filterOf(filter, staff.accountId)
      return keysetConnection(args, (page) => services.moderation.cases(staff, which, orderBy ?? 'SEVERITY', page))
    },
  }),
}))

builder.subscriptionField('moderationQueue', (t) =>
  t.field({
    type: QueueEventUnion,
    authScopes: { moderator: true },
    args: {
      filter: t.arg({ type: CaseFilterInput, description: 'Which cases. Without it, all.' }),
      after: t.arg({ type: 'Cursor', description: 'The last cursor you got. Without it the stream starts now.' }),
    },
    description:
      'What happens to the cases that fit the filter, and to those that fitted it until then, for MODERATOR: subscribe, then load `cases`. Nothing of it is ever lost: with `after`, however old, first what you missed, among which may be cases that do not fit any more. The stream is complete when your campuses become others: load `cases` again and subscribe anew.',
    subscribe: (_root, { filter, after }, context) => {
      const staff = staffOf(context.viewer)
      return context.services.moderation.queueEvents(
        ...([staff, filterOf(filter, staff.accountId), after ?? null, cutWhenSlow(context)] as const),
      )
    },
    resolve: (delivery) => delivery as never,
  }),
)
