import { below, type Random, rounded, sample } from '../kit/random.ts'
import type { Contact } from './trace.ts'

/** What one phone says in one call: whom it hears. */
export interface Report {
  person: string
  sees: string[]
}

export interface Step {
  time: number
  reports: Report[]
}

/** What one call of `reportSightings` takes at most. */
const sightingsPerCall = 50

/** Each contact becomes a sighting by both sides; a phone tells those of one moment in one call, or as few as there can be. */
export function planSteps(contacts: Contact[]): Step[] {
  const steps: { time: number; seen: Map<string, Set<string>> }[] = []
  for (const { time, a, b } of contacts) {
    if (steps.at(-1)?.time !== time) steps.push({ time, seen: new Map() })
    const seen = steps.at(-1)?.seen
    for (const [person, other] of [
      [a, b],
      [b, a],
    ] as const) {
      seen?.set(person, (seen.get(person) ?? new Set()).add(other))
    }
  }
  return steps.map(({ time, seen }) => ({
    time,
    reports: [...seen].flatMap(([person, others]) => inCalls([...others]).map((sees) => ({ person, sees }))),
  }))
}

function inCalls(others: string[]): string[][] {
  const calls: string[][] = []
  for (let from = 0; from < others.length; from += sightingsPerCall) {
    calls.push(others.slice(from, from + sightingsPerCall))
  }
  return calls
}

/** Everybody names 1 to `most` interests out of the catalogue. */
export function planInterests(random: Random, people: string[], catalogue: string[], most: number) {
  return new Map(people.map((person) => [person, sample(random, catalogue, 1 + below(random, most))]))
}

interface Cut {
  /** Of the trace, seconds. */
  time: number
  person: string
}

/** In every hour of the trace a share `drop` of the phones is cut, each at a moment of its own; in any trace at least one is. */
export function planCuts(random: Random, people: string[], steps: Step[], drop: number): Cut[] {
  const [from, to] = [steps[0]?.time ?? 0, steps.at(-1)?.time ?? 0]
  if (drop === 0) return []
  const cuts: Cut[] = []
  for (let hour = from; hour === from || hour < to; hour += 3600) {
    const length = Math.min(3600, to - hour)
    const count = rounded(random, (drop * people.length * length) / 3600)
    const unlucky = sample(random, people, hour === from ? Math.max(1, count) : count)
    cuts.push(...unlucky.map((person) => ({ time: hour + random() * length, person })))
  }
  return cuts.sort((one, other) => one.time - other.time)
}
