// Yardstick: the least that a server of `reportSightings` can do. It takes the same body, makes the same call of the store
// (which costs hardly more than the bare script: see the bench `match`) and writes an answer of the same shape. It knows each
// phone by the header that it sends, and checks nothing.
import type { SightOutcome } from '../../src/modules/matches/store.ts'
import { answer } from '../kit/answer.ts'
import { serveBare } from '../kit/bare-server.ts'
import { openStore, terms } from '../kit/store.ts'
import type { Phone } from './phones.ts'

interface Body {
  variables: { input: { sightings: { beacon: string; observedAt: string }[] } }
}

const opened = openStore()
const deviceOf = new Map<string, string>()

/** Whose each token is. */
function know(crowd: Phone[]): void {
  for (const { token, deviceId } of crowd) deviceOf.set(`Bearer ${token}`, deviceId)
}

async function report(deviceId: string, { variables }: Body): Promise<string> {
  const { store } = await opened
  const sightings = variables.input.sightings.map(({ beacon, observedAt }) => ({
    beacon,
    observedAtMs: Date.parse(observedAt),
  }))
  const outcome = await store.sight({ nowMs: Date.now(), deviceId, sessionId: null, sightings, ...terms })
  return JSON.stringify({ data: { reportSightings: payloadOf(outcome) } })
}

function payloadOf(outcome: SightOutcome) {
  if (outcome.kind !== 'seen') return { __typename: 'NoOpenSessionError' }
  const sightings = outcome.answers.map(({ match, shared, nudgeSent }) => ({
    match,
    sharedInterests: shared,
    nudgeSent,
  }))
  return { __typename: 'ReportSightingsPayload', sightings }
}

const { listening, port } = serveBare<Body>((body, { authorization }) =>
  report(deviceOf.get(String(authorization)) ?? '', body),
)
answer(Promise.all([opened, listening]), { know, port })
