import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { SurfaceEnum } from '../policies/surface-schema.ts'
import { ChallengeRequiredError, ContentRejectedError, RestrictedError, type RestrictionKind } from './index.ts'

export { SurfaceEnum }

export const RestrictionKindEnum = builder.enumType('RestrictionKind', {
  description: 'What a restriction does. It may grow.',
  values: {
    COOLDOWN: { description: 'Too much was written in too short a time: it ends by itself.' },
    MUTE: { description: 'Nothing can be written.' },
    SHADOW: { description: 'What is written is seen by its writer only. For staff: nobody is told of their own.' },
    CHALLENGE: { description: 'A challenge has to be answered first: see `answerChallenge`.' },
    BLOCK: { description: 'Nothing can be written, because of what was removed before.' },
    BAN: { description: 'Nothing can be written, and an account cannot sign in.' },
    STRIP_LINKS: { description: 'Links are taken out of what is written.' },
  } satisfies Record<RestrictionKind, { description: string }>,
})

builder.objectType(RestrictedError, {
  name: 'RestrictedError',
  description: 'You may not write there at the moment. Nothing was written; what you sent can be sent again later.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    restriction: t.expose('restriction', { type: RestrictionKindEnum, description: 'What holds you back.' }),
    surface: t.expose('surface', { type: SurfaceEnum, nullable: true, description: 'Where; null: everywhere.' }),
    explanation: t.exposeString('explanation', { description: 'Why, in plain words, for the person.' }),
    retryAfterMs: t.exposeFloat('retryAfterMs', {
      nullable: true,
      description: 'In how many milliseconds it is over, exactly; null: when staff ends it.',
    }),
  }),
})

builder.objectType(ChallengeRequiredError, {
  name: 'ChallengeRequiredError',
  description: 'First answer the challenge with `answerChallenge`, then repeat this. Nothing was written.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    challenge: t.exposeString('challenge', {
      description: 'What to answer: at most 512 characters, good for ten minutes.',
    }),
    difficulty: t.exposeInt('difficulty', {
      description: 'With how many zero bits SHA-256 of `<challenge>.<solution>` has to begin.',
    }),
  }),
})

builder.objectType(ContentRejectedError, {
  name: 'ContentRejectedError',
  description: 'What it says is not allowed here. Nothing was written; sending the same again fails again.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    explanation: t.exposeString('explanation', { description: 'Why, in plain words, for the person.' }),
  }),
})

/** What the gate may answer: the typed errors of everything that writes. */
export const gateErrors = [RestrictedError, ChallengeRequiredError, ContentRejectedError]
