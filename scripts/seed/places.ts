import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../src/platform/project-root.ts'

export interface SeedPlace {
  city: string
  kind: 'campus' | 'venue'
  name: string
  latitude: number
  longitude: number
  /** A campus' own, or that of the campus a venue belongs to. */
  domain: string | null
}

/** The places of scripts/data/places.csv, in its order. */
export function readPlaces(): SeedPlace[] {
  const text = readFileSync(join(projectRoot(), 'scripts', 'data', 'places.csv'), 'utf8')
  const [, ...lines] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [city = '', kind, name = '', latitude, longitude, domain] = line.split(',')
    if (kind !== 'campus' && kind !== 'venue') throw new Error(`places.csv: "${line}" is neither a campus nor a venue`)
    return { city, kind, name, latitude: Number(latitude), longitude: Number(longitude), domain: domain || null }
  })
}
