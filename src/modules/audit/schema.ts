import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { staffOf } from '../../graphql/staff.ts'
import { AccountType } from '../identity/account-schema.ts'
import type { AuditEntry } from './index.ts'

const AuditEntryType = builder.objectRef<AuditEntry>('AuditEntry').implement({
  description:
    'Something that staff or the system did. Entries are only ever added, each with a hash that covers the one before; `npm run audit:verify` tells whether anything was changed since.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: 'Its place: 1, 2, 3, … without gaps.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was written, by the database’s clock.' }),
    actorId: t.globalID({
      nullable: true,
      description: 'The account that did it; null for the system.',
      resolve: ({ actorId }) => (actorId === null ? null : { type: 'Account', id: actorId }),
    }),
    action: t.exposeString('action', { description: 'What was done, in capitals: `CLAIM_CASE`, `READ_EVIDENCE`.' }),
    target: t.exposeString('target', {
      description: 'What it was done to: `case:<id>`, `policy:<id>`; never a person.',
    }),
    detail: t.exposeString('detail', { description: 'The rest, as JSON. Nothing in it is personal.' }),
    personId: t.exposeString('personId', {
      nullable: true,
      description: 'Whom it is about, an account or a device; null for nobody, and once they are erased.',
    }),
    personal: t.exposeString('personal', {
      nullable: true,
      description: 'What of it is personal, as JSON; null where nothing is, and once it is erased.',
    }),
    hash: t.string({
      description: 'SHA-256 of the entry and of the one before, in hexadecimal digits.',
      resolve: ({ hash }) => hash.toString('hex'),
    }),
  }),
})

const AuditFilterInput = builder.inputType('AuditFilter', {
  description: 'Which entries. What is not named does not matter.',
  fields: (t) => ({
    actorId: t.globalID({ for: AccountType, description: 'Of this account.' }),
    action: t.string({ description: 'Of this action.' }),
    target: t.string({ description: 'About this.' }),
    accountId: t.globalID({ for: AccountType, description: 'About this account.' }),
    since: t.field({ type: 'DateTime', description: 'Not before this time.' }),
    until: t.field({ type: 'DateTime', description: 'Before this time.' }),
  }),
})

builder.queryField('auditLog', (t) =>
  t.connection({
    type: AuditEntryType,
    nullable: true,
    authScopes: { admin: true },
    complexity: pageSize.cost,
    args: { filter: t.arg({ type: AuditFilterInput, description: 'Which entries; without it, all.' }) },
    description:
      'What staff and the system did, the latest first. For ADMIN; every page that is read is an entry itself.',
    resolve: (_root, { filter, ...args }, { services, viewer }) =>
      keysetConnection(args, (page) =>
        services.audit.entries(
          staffOf(viewer).accountId,
          {
            actorId: filter?.actorId?.id ?? null,
            action: filter?.action ?? null,
            target: filter?.target ?? null,
            personId: filter?.accountId?.id ?? null,
            since: filter?.since ?? null,
            until: filter?.until ?? null,
          },
          page,
        ),
      ),
  }),
)
