import { accounts } from './accounts.ts'
import { acquaintances } from './acquaintances.ts'
import { activities } from './activities.ts'
import { cases, reportedMessages, reportedPeople } from './cases.ts'
import { decisions } from './decisions.ts'
import { devices } from './devices.ts'
import { feeds } from './feeds.ts'
import { groupChanges } from './group-changes.ts'
import { groupReads } from './group-reads.ts'
import { partedConversations } from './parted-conversations.ts'
import { people } from './people.ts'
import { places } from './places.ts'
import { policies } from './policies.ts'
import { quarantine } from './quarantine.ts'
import { restrictions } from './restrictions.ts'
import { sessions } from './sessions.ts'

/** Everything that a client can name. A new module adds its subject here. */
export const subjects = [
  accounts,
  activities,
  acquaintances,
  groupChanges,
  groupReads,
  partedConversations,
  cases,
  reportedMessages,
  reportedPeople,
  decisions,
  devices,
  feeds,
  people,
  places,
  policies,
  quarantine,
  restrictions,
  sessions,
]
