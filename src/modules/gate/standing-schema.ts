import { builder } from '../../graphql/builder.ts'
import { keysetConnection, pageSize } from '../../graphql/pagination.ts'
import { staffOf } from '../../graphql/staff.ts'
import { SurfaceEnum } from '../policies/surface-schema.ts'
import { type Band, bandOf, type ReputationEvent, type Standing } from './index.ts'
import { personNamed } from './restriction-schema.ts'

const BandEnum = builder.enumType('ReputationBand', {
  description: 'How risky somebody is: how much they may write in how short a time.',
  values: {
    GOOD: { description: 'Risk up to 25: all of every limit.' },
    NEUTRAL: { description: 'Risk up to 45, as everybody at first: all of every limit.' },
    WATCH: { description: 'Risk up to 60: seven tenths.' },
    RISK: { description: 'Risk up to 80: half.' },
    BAD: { description: 'Risk above 80: three tenths; who writes too fast is hidden for a day.' },
  } satisfies Record<Band, { description: string }>,
})

const ReputationEventType = builder.objectRef<ReputationEvent>('ReputationEvent').implement({
  description: 'Why somebody stands as they do. One cause counts once.',
  fields: (t) => ({
    kind: t.exposeString('kind', { description: 'What happened: `velocity_trip`, `removed`, `appeal_accepted`, ….' }),
    surface: t.expose('surface', { type: SurfaceEnum, nullable: true, description: 'Where, if it was on a surface.' }),
    trustDelta: t.exposeInt('trustDelta', { description: 'What it added to trust.' }),
    riskDelta: t.exposeInt('riskDelta', { description: 'What it added to risk.' }),
    cause: t.exposeString('cause', { description: 'What it follows from.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
  }),
})

const StandingType = builder.objectRef<Standing>('Standing').implement({
  description: 'How somebody stands. For staff only.',
  fields: (t) => ({
    trust: t.exposeInt('trust', { description: '0 to 100, 50 at first: higher is better.' }),
    risk: t.exposeInt('risk', { description: '0 to 100, 30 at first: higher is worse.' }),
    band: t.field({ type: BandEnum, description: 'What the risk amounts to.', resolve: ({ risk }) => bandOf(risk) }),
    knownSince: t.expose('knownSince', { type: 'DateTime', description: 'Since when they are there.' }),
    events: t.connection({
      type: ReputationEventType,
      nullable: true,
      complexity: pageSize.cost,
      description: 'What it comes from, the latest first.',
      resolve: ({ personId }, args, { services }) =>
        keysetConnection(args, (page) => services.gate.eventsOf(personId, page)),
    }),
  }),
})

builder.queryField('standing', (t) =>
  t.field({
    type: StandingType,
    nullable: true,
    authScopes: { moderator: true },
    args: {
      accountId: t.arg.id({ description: 'An `Account`, by its own id or that of its `Profile`.' }),
      caseId: t.arg.id({ description: 'Whoever answers for the subject of this case.' }),
    },
    description: 'How somebody stands. For staff; each reading is in the audit log. Nobody is NOT_FOUND.',
    resolve: (_root, args, { services, viewer }) => services.gate.standingOf(staffOf(viewer), personNamed(args)),
  }),
)
