import type { TestApp } from './app.ts'
import { impose } from './gate.ts'

/** Hides whatever somebody writes from now on from everybody else. Gives what undoes it. */
export async function shadow(app: TestApp, personId: string): Promise<{ by: string; lift(): Promise<void> }> {
  const by = await impose(app, { personId, kind: 'SHADOW', minutes: null })
  const { gate, activities, places, profiles } = app.services
  return {
    by,
    async lift() {
      await app.postgres.transaction((sql) => gate.restrictions.revoke(sql, { id: by, by: null }))
      await gate.refresh(personId)
      const sources = [...Object.values(activities.subjects), ...Object.values(places.subjects), profiles.subject]
      for (const source of sources) await source.reveal(personId, by)
    },
  }
}

const named = /^(?:id|.*Id|cursor|.*Cursor|.*At|latitude|longitude)$/

/** What is left when everything is taken out that is another one in another world: names, moments and places. */
export function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, own) => (named.test(key) && typeof own !== 'object' ? `<${key}>` : own)) ?? 'null',
  )
}
