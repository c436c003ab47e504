import type { Step } from './plan.ts'
import type { Contact } from './trace.ts'

/**
 * What ought to happen, by brute force from the contacts and the interests. Nothing in this file comes from the servers or
 * their code, so that the two can be wrong only independently of each other.
 */
export interface Expectation {
  /** Pairs that met and share an interest. */
  matched: Set<string>
  /** Those of them who are nudged, both sides once. */
  nudged: Set<string>
}

export interface Rules {
  /** A session that was nudged is left alone for so long. */
  cooldownSeconds: number
  /** A session is nudged at most so often. */
  nudgesPerSession: number
}

export type Interests = ReadonlyMap<string, readonly string[]>

/** Names two people, whichever is named first. */
export const pairOf = (a: string, b: string): string => JSON.stringify(a < b ? [a, b] : [b, a])
export const sidesOf = (pair: string): [string, string] => JSON.parse(pair)

/** What both are shown of what they have in common: at most five, sorted. */
export function sharedBy(interests: Interests, a: string, b: string): string[] {
  const others = new Set(interests.get(b))
  return (interests.get(a) ?? [])
    .filter((interest) => others.has(interest))
    .sort()
    .slice(0, 5)
}

export function expectWithoutRules(contacts: Contact[], interests: Interests): Expectation {
  const matched = new Set<string>()
  for (const { a, b } of contacts) if (sharedBy(interests, a, b).length > 0) matched.add(pairOf(a, b))
  return { matched, nudged: new Set(matched) }
}

/** With cooldown and cap it matters who speaks first: this holds if the steps are reported one call after another. */
export function expectWithRules(steps: Step[], interests: Interests, rules: Rules): Expectation {
  const matched = new Set<string>()
  const nudged = new Set<string>()
  const nudgesOf = new Map<string, number[]>()
  const quiet = (person: string, now: number) => {
    const times = nudgesOf.get(person) ?? []
    return times.length >= rules.nudgesPerSession || times.some((time) => now - time < rules.cooldownSeconds)
  }
  for (const { time, reports } of steps) {
    for (const { person, sees } of reports) {
      for (const other of sees) {
        const pair = pairOf(person, other)
        if (sharedBy(interests, person, other).length === 0) continue
        matched.add(pair)
        if (nudged.has(pair) || quiet(person, time) || quiet(other, time)) continue
        nudged.add(pair)
        for (const side of [person, other]) nudgesOf.set(side, [...(nudgesOf.get(side) ?? []), time])
      }
    }
  }
  return { matched, nudged }
}
