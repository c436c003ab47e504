import { builder } from '../../graphql/builder.ts'
import { phone } from '../../graphql/phone.ts'
import { BadUserInputError, ForbiddenError } from '../../platform/errors.ts'
import { ActivityType } from '../activities/schema.ts'
import { ProfileType } from '../profiles/schema.ts'
import { BlockType } from '../social/schema.ts'
import type { Whom } from './index.ts'

const BlockAttendeeInput = builder.inputType('BlockAttendeeInput', {
  description: 'Somebody who is, or says something, in an activity that you have joined or host.',
  fields: (t) => ({
    activityId: t.globalID({ for: ActivityType, required: true, description: 'The activity.' }),
    attendeeId: t.id({ required: true, description: 'What they are called there: `Attendee.id`.' }),
  }),
})
const BlockInput = builder.inputType('BlockInput', {
  description: 'Whom to block: one of these.',
  fields: (t) => ({
    matchId: t.id({ required: false, description: 'A match with them.' }),
    personId: t.id({ required: false, description: 'What they are called towards you: `NearbyPerson.id`.' }),
    attendee: t.field({ type: BlockAttendeeInput, required: false, description: 'Whom they are in an activity.' }),
    profileId: t.globalID({
      for: ProfileType,
      required: false,
      description: 'Somebody with whom your account shares, or has shared, a conversation. Needs an account’s token.',
    }),
  }),
})
const BlockPayload = builder.objectRef<{ block: { id: string; blockedAt: Date } }>('BlockPayload').implement({
  description: 'The block.',
  fields: (t) => ({ block: t.expose('block', { type: BlockType, description: 'Keep its id to undo it.' }) }),
})

builder.mutationField('block', (t) =>
  t.field({
    type: BlockPayload,
    nullable: true,
    authScopes: { $any: { device: true, account: true } },
    errors: { types: [], union: { name: 'BlockResult', description: 'What `block` answers.' } },
    args: { input: t.arg({ type: BlockInput, required: true, description: 'Whom.' }) },
    description:
      'Hides you and somebody else from each other, for good: neither is shown to the other anywhere, running subscriptions included, and there are no more matches, nudges, or traces of one. By `profileId` it is your accounts that are hidden from each other: the direct conversation is gone for both, and in groups neither is told what the other says. Repeating it gives the same block.',
    resolve: async (_root, { input }, { services, viewer }) => {
      const whom = whomOf(input)
      if ('accountId' in whom) {
        if (!viewer?.accountId) throw new ForbiddenError()
        return { block: await services.discovery.blockAccount(viewer.accountId, whom.accountId) }
      }
      if (!viewer?.deviceId) throw new ForbiddenError()
      return { block: await services.discovery.block(phone(viewer), whom) }
    },
  }),
)

interface Named {
  matchId?: string | number | null | undefined
  personId?: string | number | null | undefined
  attendee?: { activityId: { id: string }; attendeeId: string | number } | null | undefined
  profileId?: { id: string } | null | undefined
}

function whomOf({ matchId, personId, attendee, profileId }: Named): Whom | { accountId: string } {
  const ways: (Whom | { accountId: string })[] = []
  if (matchId != null) ways.push({ matchId: String(matchId) })
  if (personId != null) ways.push({ personId: String(personId) })
  if (attendee) ways.push({ activityId: attendee.activityId.id, attendeeId: String(attendee.attendeeId) })
  if (profileId) ways.push({ accountId: profileId.id })
  const [whom] = ways
  if (!whom || ways.length > 1)
    throw new BadUserInputError(
      'Say whom to block, in one way: `matchId`, `personId`, `attendee` or `profileId`.',
      'personId',
    )
  return whom
}
