import { setTimeout as pause } from 'node:timers/promises'
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
  | { answer?: never; refused: 'full' | 'over' | 'failed' }

/** What a phone asks of the servers. Every call is timed, waits when it is told to, and counts what goes wrong. */
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
  signal: AbortSignal
}) {
  const { http, url, token, counters, now, signal } = deps

  async function call<Answer>(name: string, query: string, input?: object, meter?: Meter): Promise<Outcome<Answer>> {
    for (;;) {
      const beganMs = performance.now()
      try {
        const answer = await http.send<Answer>({ name, url, token, query, variables: input ? { input } : {} })
        meter?.took(performance.now() - beganMs)
        return { answer }
      } catch (error) {
        if (signal.aborted) return { refused: 'failed' }
        if (!(error instanceof CallError)) throw error
        const { code, type, retryAfterMs } = error
        if (code === 'RATE_LIMITED' && retryAfterMs !== undefined) {
          counters.limited.count()
          await pause(retryAfterMs, undefined, { signal }).catch(() => undefined)
          continue
        }
        const refused = refusals[type ?? code]
        if (refused) counters[refused].count()
        else counters.failed(`${name} ${type ?? code}`)
        return { refused: refused ?? 'failed' }
      }
    }
  }

  return {
    async beat(fix: Fix): Promise<number | undefined> {
      const input = { ...fix, observedAt: new Date(now()).toISOString() }
      const { answer } = await call<{ expiresAt: string }>(
        'heartbeat',
        documents.heartbeatDocument,
        input,
        counters.heartbeats,
      )
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
    say: (input: { activityId: string; clientId: string; text: string }) =>
      call<{ message: { id: string; seq: number } }>(
        'sendActivityMessage',
        documents.sendDocument,
        input,
        counters.said,
      ),
  }
}
