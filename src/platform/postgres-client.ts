import { Client } from 'pg'
import { StartupError } from './startup-error.ts'

/** One connection for one piece of work at start. A database that cannot be used is a StartupError. */
export async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5000, application_name: 'vicinity-start' })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => undefined)
    throw unusable(connectionString, error as Error)
  }
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function unusable(url: string, error: NodeJS.ErrnoException): StartupError {
  const { host, pathname } = new URL(url)
  // An address with several answers fails with an AggregateError, whose own message is empty.
  const why = error.message || error.code || error.name
  return new StartupError(
    `The database ${pathname.slice(1)} at ${host} cannot be used: ${why}`,
    'Check DATABASE_URL and that Postgres runs there; without DATABASE_URL one is brought along.',
    { cause: error },
  )
}
