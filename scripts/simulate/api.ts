import { CallError } from '../kit/failure.ts'
import type { HttpClient } from '../kit/http.ts'
import type { Counters } from './counters.ts'
import * as documents from './documents.ts'
import type { Meter } from './meter.ts'
import type { Fix } from './walker.ts'

export interface Seen {
  id: string
  capacity: number | null
  joinCount: number
  viewerIsHost: boolean
}

/** What became of a call: its answer, or why there is none. */
export type Outcome<Answer> =
  | { answer: Answer; refused?: never }
  | { answer?: never; refused: 'full' | 'over' | 'later' | 'failed' }

/** What a phone asks of the servers. Every call is timed, and what becomes of it is counted. */
export type Api = ReturnType<typeof createApi>

/** Refusals that happen among people: a seat taken by somebody faster, an activity that ended meanwhile. */
const refusals: Record<string, 'full' | 'over'> = {
  ActivityFullError: 'full',
  ActivityOverError: 'over',
  NOT_FOUND: 'over',
}

export function createApi(deps: {
  http: HttpClient
  url: string
  token: string
  counters: Counters
  now: () => number
}) {
  const { http, url, token, counters, now } = deps

  /** What the servers limit is left alone until they said that it may be asked again. */
  const notBeforeMs = new Map<string, number>()

  async function call<Answer>(name: string, query: string, input?: object, meter?: Meter): Promise<Outcome<Answer>> {
    const beganMs = performance.now()
    if (beganMs < (notBeforeMs.get(name) ?? 0)) return { refused: 'later' }
    try {
      const answer = await http.send<Answer>({ name, url, token, query, variables: input ? { input } : {} })
      meter?.took(performance.now() - beganMs)
      return { answer }
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      const { code, type, retryAfterMs } = error
      if (retryAfterMs !== undefined) notBeforeMs.set(name, performance.now() + retryAfterMs)
      const refused = retryAfterMs === undefined ? (refusals[type ?? code] ?? 'failed') : 'later'
      if (refused === 'failed') counters.failed(`${name} ${type ?? code}`)
      else counters[refused].count()
      return { refused }
    }
  }

  return {
    /** When the presence ends. While everybody arrives at once it is not timed. */
    async beat(fix: Fix, timed: boolean): Promise<number | undefined> {
      const input = { ...fix, observedAt: new Date(now()).toISOString() }
      const { answer } = await call<{ expiresAt: string }>(
        'heartbeat',
        documents.heartbeatDocument,
        input,
        timed ? counters.heartbeats : undefined,
      )
      if (answer && !timed) counters.heartbeats.count()
      return answer && Date.parse(answer.expiresAt)
    },
    endPresence: () => call('endPresence', documents.endPresenceDocument),
    lookForPeople: () => call('nearbyPeople', documents.peopleDocument, undefined, counters.looks),
    async lookAround(): Promise<Seen[]> {
      const { answer } = await call<{ edges: { node: Seen }[] }>(
        'nearbyActivities',
        documents.activitiesDocument,
        undefined,
        counters.looks,
      )
      return answer?.edges.map(({ node }) => node) ?? []
    },
    create: (input: object) =>
      call<{ activity: { id: string } }>('createActivity', documents.createDocument, input, counters.started),
    cancel: (activityId: string) =>
      call('cancelActivity', documents.cancelDocument, { activityId }, counters.cancelled),
    join: (activityId: string) =>
      call<{ activity: { joinCount: number } }>('joinActivity', documents.joinDocument, { activityId }, counters.joins),
    leave: (activityId: string) => call('leaveActivity', documents.leaveDocument, { activityId }, counters.leaves),
    say: (input: { activityId: string; clientId: string; body: string }) =>
      call<{ activityMessage: { id: string; seq: number } }>(
        'sendActivityMessage',
        documents.sendDocument,
        input,
        counters.said,
      ),
  }
}
