import { createHmac, randomBytes } from 'node:crypto'

export const interestsPerSession = { min: 1, max: 10 }
const dayMs = 24 * 60 * 60 * 1000

/** A day's key: `<id>.<hex>`. It lives in Redis and in the memory of processes until the day is over, and nowhere after. */
export interface DayKey {
  day: string
  endsAtMs: number
  id: string
  tagOf: Map<string, string>
  interestOf: Map<string, string>
}

export const newDayKey = () => `${randomBytes(4).toString('hex')}.${randomBytes(32).toString('hex')}`

export function dayOf(ms: number): { day: string; endsAtMs: number } {
  const start = ms - (ms % dayMs)
  return { day: new Date(start).toISOString().slice(0, 10), endsAtMs: start + dayMs }
}

/** Tags of the whole catalogue under one key: what a store holds instead of interests, and the way back while the key lives. */
export function tagCatalogue(day: string, endsAtMs: number, written: string, interests: Iterable<string>): DayKey {
  const [id = '', hex = ''] = written.split('.')
  const key = Buffer.from(hex, 'hex')
  const tagOf = new Map<string, string>()
  const interestOf = new Map<string, string>()
  for (const interest of interests) {
    const tag = createHmac('sha256', key).update(interest).digest('hex').slice(0, 16)
    tagOf.set(interest, tag)
    interestOf.set(tag, interest)
  }
  return { day, endsAtMs, id, tagOf, interestOf }
}
