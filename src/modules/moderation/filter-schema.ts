import { builder } from '../../graphql/builder.ts'
import { SubjectKindEnum } from '../../graphql/subjects.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { CampusType } from '../places/schema.ts'
import type { CaseFilter } from './index.ts'
import { CaseStateEnum } from './schema.ts'

export const CaseFilterInput = builder.inputType('CaseFilter', {
  description: 'Which cases: all that is given has to be so.',
  fields: (t) => ({
    states: t.field({ type: [CaseStateEnum], description: 'One of these.' }),
    severityAtLeast: t.int({ description: '0 to 5.' }),
    severityAtMost: t.int({ description: '0 to 5.' }),
    assignee: t.id({ description: '`me`, `none`, or the id of an `Account` or a `Profile`.' }),
    claimed: t.boolean({ description: 'Whether somebody works on it.' }),
    kinds: t.field({ type: [SubjectKindEnum], description: 'What it is about.' }),
    reasons: t.stringList({ description: 'One of these, at least: values of `ReportReason`, or reasons of policies.' }),
    campusIds: t.globalIDList({ for: CampusType, description: 'Of one of these campuses.' }),
    appealOpen: t.boolean({ description: 'Whether an appeal waits for an answer.' }),
    openedAfter: t.field({ type: 'DateTime', description: 'Opened, or opened again, after this.' }),
    openedBefore: t.field({ type: 'DateTime', description: 'And before this.' }),
    overdue: t.boolean({ description: 'Whether it should have been decided by now.' }),
  }),
})

type Given = Omit<typeof CaseFilterInput.$inferInput, 'campusIds' | 'assignee'> & {
  assignee?: string | number | null | undefined
  campusIds?: readonly { id: string }[] | null | undefined
}

/** What a filter asks for, for this member of staff. */
export function filterOf(given: Given | null | undefined, accountId: string): CaseFilter {
  const { assignee, campusIds, ...rest } = given ?? {}
  return {
    ...rest,
    ...(campusIds && { campusIds: campusIds.map(({ id }) => id).sort() }),
    ...(assignee != null && { assignee: assigneeOf(String(assignee), accountId) }),
  }
}

function assigneeOf(given: string, accountId: string): CaseFilter['assignee'] {
  if (given === 'none') return 'none'
  if (given === 'me') return { id: accountId }
  const [type, id] = Buffer.from(given, 'base64').toString().split(':')
  if ((type === 'Account' || type === 'Profile') && id !== undefined) return { id }
  throw new BadUserInputError('`assignee` is `me`, `none`, or the id of an account.', 'assignee')
}
