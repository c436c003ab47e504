import { randomBytes } from 'node:crypto'
import type { Phone } from '../processes/phones.ts'

export interface Report {
  phone: Phone
  beacons: string[]
}

/** Of ten beacons in the air: strangers' of other apps and days, people with whom nothing is shared, and acquaintances. */
export const mix = { unknown: 3, noOverlap: 3, matched: 4 }

/** What each phone of a crowd hears. Phones with an even number share their interests, and so do the odd ones. */
export function reports(crowd: Phone[]): Report[] {
  const at = (i: number) => crowd[i % crowd.length]?.beacon ?? ''
  return crowd.map((phone, i) => ({
    phone,
    beacons: [
      ...Array.from({ length: mix.unknown }, () => randomBytes(16).toString('hex')),
      ...Array.from({ length: mix.noOverlap }, (_, n) => at(i + 2 * n + 1)),
      ...Array.from({ length: mix.matched }, (_, n) => at(i + 2 * n + 2)),
    ],
  }))
}
