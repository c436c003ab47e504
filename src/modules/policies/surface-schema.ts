import { builder } from '../../graphql/builder.ts'
import type { Surface } from './index.ts'

export const SurfaceEnum = builder.enumType('Surface', {
  description: 'What a write goes to. Each has limits and restrictions of its own. It may grow.',
  values: {
    MESSAGE: { description: 'A message in a conversation.' },
    ACTIVITY: { description: 'An activity, made or changed.' },
    ACTIVITY_MESSAGE: { description: 'What is said in an activity.' },
    PROFILE: { description: 'What an account tells of itself.' },
    INVITE: { description: 'Bringing others into a conversation.' },
    VENUE: { description: 'A venue, made or changed.' },
    EVENT: { description: 'An event, made or changed.' },
    REPORT: { description: 'A report.' },
  } satisfies Record<Surface, { description: string }>,
})
