import type { Demo } from '../prisma/seed.ts'
import type { App, Overrides } from './app.ts'
import type { Config, ReadyConfig } from './config.ts'
import { createDisposers } from './platform/disposers.ts'
import { applyMigrations, requireMigrated } from './platform/migrations.ts'
import { requirePostgres, requireRedis } from './platform/required-servers.ts'
import { StartupError } from './platform/startup-error.ts'

export interface Started {
  app: App
  /** A ready-to-paste token for each role, and a password to sign in with; none where the database was given. */
  demo: Demo[]
  close(): Promise<void>
}

/** From a configuration to a serving app: servers given or brought along, the schema right, the demo accounts there. */
export async function start(config: Config, say: (line: string) => void): Promise<Started> {
  const disposers = createDisposers()
  try {
    const ready = await findServers(config, say, disposers.add)
    const { createApp } = await import('./app.ts')
    const overrides: Overrides = {}
    const app = await createApp(ready, overrides).catch((error) => {
      throw explained(error, config)
    })
    disposers.add('app', app.close)
    const demo = config.databaseUrl ? [] : await seedDemo(app, ready.secret)
    const [device, moderator, admin] = ['phone', 'MODERATOR', 'ADMIN'].map(
      (who) => demo.find((account) => account.who.includes(who))?.token,
    )
    if (device && moderator && admin) overrides.graphiql = { device, moderator, admin }
    return { app, demo, close: () => disposers.run() }
  } catch (error) {
    await disposers.run()
    throw error
  }
}

type Add = (name: string, dispose: () => unknown) => void

async function findServers(config: Config, say: (line: string) => void, add: Add): Promise<ReadyConfig> {
  const { databaseUrl, redisUrl, secret, dataDir } = config
  await Promise.all([databaseUrl && requirePostgres(databaseUrl), redisUrl && requireRedis(redisUrl)])
  if (databaseUrl) await requireMigrated(databaseUrl)
  if (databaseUrl && redisUrl && secret) return { ...config, databaseUrl, redisUrl, secret }

  const { startEmbedded } = await import('./platform/embedded/index.ts')
  const embedded = await startEmbedded({ dataDir, need: { postgres: !databaseUrl, redis: !redisUrl }, say })
  add('embedded', embedded.close)
  if (embedded.databaseUrl) {
    const applied = await applyMigrations(embedded.databaseUrl)
    for (const name of applied) say(`migrate   applied ${name}`)
  }
  return {
    ...config,
    databaseUrl: databaseUrl ?? (embedded.databaseUrl as string),
    redisUrl: redisUrl ?? (embedded.redisUrl as string),
    secret: secret ?? embedded.secret,
  }
}

async function seedDemo(app: App, secret: string): Promise<Demo[]> {
  const { seed } = await import('../prisma/seed.ts')
  return seed(app, secret)
}

/** Failures to listen, in words. */
function explained(error: NodeJS.ErrnoException, { host, port }: Config): Error {
  const options = { cause: error }
  const another = `Stop what listens there, or choose another port: PORT=${port + 1} npm start`
  if (error.code === 'EADDRINUSE') return new StartupError(`Port ${port} is taken.`, another, options)
  if (error.code === 'EACCES')
    return new StartupError(`Port ${port} may not be listened on.`, 'Choose one above 1023 in PORT.', options)
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new StartupError(
      `${host} is no address of this machine.`,
      'Put one in HOST: 127.0.0.1, or 0.0.0.0 for all of them.',
      options,
    )
  }
  return error
}
