import { accounts } from './accounts.ts'
import { activities } from './activities.ts'
import { groups, partedConversations } from './conversations.ts'
import { devices } from './devices.ts'
import { feeds } from './feeds.ts'
import { people } from './people.ts'
import { places } from './places.ts'
import { sessions } from './sessions.ts'

/** Everything that a client can name. A new module adds its subject here. */
export const subjects = [accounts, activities, groups, partedConversations, devices, feeds, people, places, sessions]
