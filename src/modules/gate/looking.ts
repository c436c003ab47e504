import { createHmac } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { UnavailableError } from '../../platform/errors.ts'
import type { TextFindings } from '../scanning/index.ts'
import { createLocalPaces } from './local-paces.ts'
import type { Mirror } from './mirror.ts'
import type { Counts, MirrorStore, Question } from './mirror-store.ts'
import { windowsOf } from './paces.ts'
import { holdOf, type PersonState, restrictionsOn } from './state.ts'
import type { Write } from './writes.ts'

const nothing: Counts = { tripped: null, lately: 0, equal: 0, domains: 0 }

/** How a person stands, and what their write counts: by Redis, in one round trip; by Postgres and this node alone while that is away. */
export function createLooking(deps: {
  mirror: Pick<Mirror, 'load'>
  mirrors: MirrorStore
  clock: Clock
  /** For what is kept in place of words. */
  key: Buffer
  /** Off: nobody writes too fast. */
  rateLimits: boolean
}) {
  const { mirror, mirrors, clock, key, rateLimits } = deps
  const local = createLocalPaces()
  const loading = new Map<string, Promise<PersonState>>()

  /** Of many writes at once one asks Postgres for all: what it finds replaces nothing newer. */
  function load(personId: string): Promise<PersonState> {
    const known = loading.get(personId) ?? mirror.load(personId).finally(() => loading.delete(personId))
    loading.set(personId, known)
    return known
  }
  const hashed = (kind: string, text: string) =>
    createHmac('sha256', key).update(`${kind} ${text}`).digest('base64url').slice(0, 22)

  function questionOf({ personId, surface, attempt }: Write, { folded, links }: TextFindings): Question {
    const domains = new Set(links.map(({ domain }) => domain))
    return {
      ...{ personId, surface, attempt: hashed('attempt', attempt) },
      text: folded === '' ? null : hashed('text', folded),
      domains: [...domains].map((domain) => hashed('domain', domain)),
      windows: rateLimits ? windowsOf[surface] : [],
    }
  }

  async function withoutRedis(question: Question, nowMs: number): Promise<{ state: PersonState; counts: Counts }> {
    const state = await mirror.load(question.personId)
    const held = holdOf(restrictionsOn(state, question.surface, nowMs), nowMs)
    return { state, counts: held ? nothing : local.count(question, state, nowMs) }
  }

  return async (write: Write, findings: TextFindings, nowMs: number) => {
    const question = questionOf(write, findings)
    try {
      const known = await mirrors.ask(question, nowMs)
      if (known) return known
      const state = await load(write.personId)
      if (!state.known) return { state, counts: nothing }
      return (await mirrors.ask(question, clock.now(), state)) ?? { state, counts: nothing }
    } catch (error) {
      if (error instanceof UnavailableError) return withoutRedis(question, nowMs)
      throw error
    }
  }
}

export type Looking = ReturnType<typeof createLooking>
