import type { Surface } from './writes.ts'

/** So many within any so many milliseconds; whoever writes one more is held back for so many minutes. */
export interface Window {
  count: number
  ms: number
  minutes: number
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

const edits = (count: number): Window[] => [{ count, ms: 10 * minuteMs, minutes: 60 }]
const rareOnes = (count: number): Window[] => [{ count, ms: hourMs, minutes: 60 }]

/** How fast somebody may write. What was written on a phone without a network is sent at once when it comes back: hence that of messages. */
export const windowsOf: Record<Surface, readonly Window[]> = {
  ACTIVITY: [
    { count: 3, ms: minuteMs, minutes: 15 },
    { count: 8, ms: 5 * minuteMs, minutes: 60 },
    { count: 20, ms: hourMs, minutes: 60 },
  ],
  ACTIVITY_MESSAGE: [
    { count: 8, ms: 10 * secondMs, minutes: 15 },
    { count: 30, ms: minuteMs, minutes: 60 },
    { count: 120, ms: hourMs, minutes: 60 },
  ],
  MESSAGE: [
    { count: 300, ms: minuteMs, minutes: 15 },
    { count: 3000, ms: hourMs, minutes: 60 },
  ],
  // Whoever is merely busy meets the limits of these first, which cost nothing.
  PROFILE: edits(100),
  VENUE: edits(100),
  EVENT: edits(200),
  INVITE: rareOnes(30),
  REPORT: rareOnes(10),
}

/** How many within a minute make a policy's `high_velocity`. */
const manyOf = (surface: Surface) => (surface === 'ACTIVITY' ? 3 : 12)
export const latelyMs = minuteMs
export const isFast = (surface: Surface, lately: number): boolean => lately >= manyOf(surface)

/** So many equal texts within so long are `duplicate_text`. */
export const equalTexts = { count: 3, ms: 300 * secondMs }

/** Who came less than `newMs` ago and names so many domains within so long writes without links for a day. */
export const linkCoolOff = { newMs: 24 * hourMs, count: 3, ms: 10 * minuteMs, minutes: 24 * 60 }
