import { builder } from './graphql/builder.ts'
import './graphql/interfaces.ts'
import { withPlainIds } from './graphql/node-ids.ts'
import './modules/identity/schema.ts'
import './modules/places/schema.ts'
import './modules/places/event-schema.ts'
import './modules/social/schema.ts'
import './modules/presence/schema.ts'
import './modules/sessions/schema.ts'
import './modules/matches/schema.ts'
import './modules/activities/schema.ts'
import './modules/activities/mutation-schema.ts'
import './modules/activities/chat-schema.ts'
import './modules/activities/nearby-schema.ts'
import './modules/activities/event-schema.ts'
import './modules/stats/schema.ts'

/** The whole schema. A new module adds one line above. */
export const schema = withPlainIds(builder.toSchema())
