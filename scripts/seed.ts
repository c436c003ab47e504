import { parseArgs } from 'node:util'
import { readConfig } from '../src/config.ts'
import { startEmbedded } from '../src/platform/embedded/index.ts'
import { createJobRunner } from '../src/platform/jobs.ts'
import { createLogger } from '../src/platform/logger.ts'
import { createMetrics } from '../src/platform/metrics.ts'
import { applyMigrations, requireMigrated } from '../src/platform/migrations.ts'
import { createPostgres } from '../src/platform/postgres.ts'
import { StartupError } from '../src/platform/startup-error.ts'
import { readPlaces } from './seed/places.ts'
import { seedCity } from './seed/seed.ts'

const places = readPlaces()
const cities = [...new Set(places.map(({ city }) => city))]
const usage = `npm run seed                    campuses, venues and events of every city, owned by demo-organizer
npm run seed -- --city NAME     of one city; may be repeated. Cities: ${cities.join(', ')}

Into DATABASE_URL, or the Postgres that npm start brings along. Again: events that are over begin anew.`

try {
  await main()
} catch (error) {
  if (!(error instanceof StartupError)) throw error
  console.error(`\n${error.message}\n→ ${error.remedy}\n`)
  process.exitCode = 1
}

async function main() {
  const chosen = chosenCities()
  if (chosen === 'help') return console.log(usage)
  const { databaseUrl: given, dataDir, logLevel } = readConfig()
  const need = { postgres: !given, redis: false }
  const embedded = given ? undefined : await startEmbedded({ dataDir, need, say: console.log })
  const logger = createLogger({ level: logLevel })
  try {
    const url = given ?? (embedded?.databaseUrl as string)
    await (given ? requireMigrated(url) : applyMigrations(url))
    const postgres = createPostgres({ url, poolSize: 1, logger })
    try {
      const jobs = createJobRunner({ ...{ postgres, logger, metrics: createMetrics() }, jobs: {}, schedule: {} })
      await jobs.prepare()
      for (const city of chosen) {
        const here = places.filter((place) => place.city === city)
        const { campuses, venues, events } = await seedCity({ postgres, jobs }, here, Date.now())
        console.log(`  ${city.padEnd(12)}${campuses} campuses, ${venues} venues and ${events} events new or begun anew`)
      }
    } finally {
      await postgres.close()
    }
  } finally {
    await embedded?.close()
  }
}

function chosenCities(): string[] | 'help' {
  const { values } = parsed()
  if (values.help) return 'help'
  const unknown = values.city?.filter((city) => !cities.includes(city)) ?? []
  if (unknown.length > 0) throw new StartupError(`There is no city "${unknown.join('", "')}".`, `\n${usage}`)
  return values.city ?? cities
}

function parsed() {
  try {
    return parseArgs({ options: { city: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } } })
  } catch (error) {
    throw new StartupError((error as Error).message, `\n${usage}`)
  }
}
