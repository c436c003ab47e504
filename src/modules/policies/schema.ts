import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import type { PolicyState, PolicyVersion } from './index.ts'

const PolicyStateEnum = builder.enumType('PolicyState', {
  description: 'What a version of the policy does.',
  values: {
    DRAFT: { description: 'Nothing yet.' },
    SHADOW: { description: 'It judges every write beside the active one, and decides nothing. At most one.' },
    ACTIVE: { description: 'It decides. Always exactly one.' },
    RETIRED: { description: 'Nothing any more. It can be activated again.' },
  } satisfies Record<PolicyState, { description: string }>,
})

/** Staff is told of each other by the ids of their accounts. */
const accountId = (id: string | null) => (id === null ? null : { type: 'Account', id })

export const PolicyType = builder.objectRef<PolicyVersion>('Policy')

builder.node(PolicyType, {
  description: 'One version of what is allowed. Its document never changes. For staff.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: '1, 2, 3, …' }),
    state: t.expose('state', { type: PolicyStateEnum, description: 'What it does now.' }),
    document: t.string({
      description: 'Its rules, as JSON. See `createPolicy`.',
      resolve: ({ document }) => JSON.stringify(document, null, 2),
    }),
    note: t.exposeString('note', { description: 'What it is for, as its author said.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    createdBy: t.globalID({
      nullable: true,
      description: 'The account that made it; null of the one that is built in, and once that account is erased.',
      resolve: ({ createdBy }) => accountId(createdBy),
    }),
    activatedAt: t.expose('activatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was last activated; null if it never was.',
    }),
    activatedBy: t.globalID({
      nullable: true,
      description: 'The account that did that.',
      resolve: ({ activatedBy }) => accountId(activatedBy),
    }),
    needsApproval: t.boolean({
      nullable: true,
      complexity: 90,
      description:
        'Whether another ADMIN has to approve it before it can be activated, because one rule touches many of those who wrote in the last 30 days. Null of the active one.',
      resolve: (version, _args, { services }) => services.policies.needsApproval(version),
    }),
    approvedBy: t.globalID({
      nullable: true,
      description: 'The account that approved it last; null while nobody has.',
      resolve: ({ approvedBy }) => accountId(approvedBy),
    }),
    approvedAt: t.expose('approvedAt', { type: 'DateTime', nullable: true, description: 'When that was.' }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'document' in value && 'activatedBy' in value,
  loadMany: async (ids, { services, viewer }) => {
    const isStaff = viewer?.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN') ?? false
    const found = isStaff ? await services.policies.policiesById(ids) : new Map<string, PolicyVersion>()
    return ids.map((id) => found.get(id) ?? null)
  },
})

builder.queryFields((t) => ({
  policies: t.connection({
    type: PolicyType,
    nullable: true,
    authScopes: { moderator: true },
    complexity: pageSize.cost,
    description: 'All versions of the policy, the newest first. For staff.',
    resolve: (_root, args, { services }) => keysetConnection(args, (page) => services.policies.policies(page)),
  }),
  policy: t.field({
    type: PolicyType,
    nullable: true,
    authScopes: { moderator: true },
    args: { id: t.arg.globalID({ for: PolicyType, required: true, description: 'Its id.' }) },
    description: 'One version of the policy. For staff; one that is not there is refused with NOT_FOUND.',
    resolve: (_root, { id }, { services }) => services.policies.policy(id.id),
  }),
  activePolicy: t.field({
    type: PolicyType,
    nullable: true,
    authScopes: { moderator: true },
    description: 'The version that decides now. For staff.',
    resolve: (_root, _args, { services }) => services.policies.activePolicy(),
  }),
}))
