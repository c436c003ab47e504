import type { TestApp } from './app.ts'

/** Everything that a deployment keeps in Redis: each key with whatever it holds, as text. */
export async function redisDump(app: TestApp): Promise<Map<string, string>> {
  const { command } = app.redis
  const keys: string[] = []
  let cursor = '0'
  do {
    const [next, found] = await command.scan(cursor, 'MATCH', `${app.config.redisPrefix}*`, 'COUNT', 1000)
    keys.push(...found)
    cursor = next
  } while (cursor !== '0')
  const reads: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => command.get(key),
    hash: (key) => command.hgetall(key),
    list: (key) => command.lrange(key, 0, -1),
    set: (key) => command.smembers(key),
    zset: (key) => command.zrange(key, 0, -1, 'WITHSCORES'),
    stream: (key) => command.xrange(key, '-', '+'),
    none: async () => null,
  }
  const dump = new Map<string, string>()
  for (const key of new Set(keys)) {
    const type = await command.type(key)
    const read = reads[type]
    if (!read) throw new Error(`What is a ${type}?`)
    dump.set(key, `${key} ${plain(await read(key))}`)
  }
  return dump
}

/** Every row of every table of a deployment, as text. */
export async function postgresDump(app: TestApp): Promise<Map<string, string>> {
  const { pool } = app.postgres
  const tables = await pool.query<{ schema: string; name: string }>(
    `select table_schema as schema, table_name as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  )
  const dump = new Map<string, string>()
  for (const { schema, name } of tables.rows) {
    const { rows } = await pool.query<{ row: string }>(`select t::text as row from "${schema}"."${name}" t`)
    dump.set(`${schema}.${name}`, rows.map(({ row }) => row).join('\n'))
  }
  return dump
}

/** In which keys, tables and log lines any of these texts is. */
export async function traces(app: TestApp, ...texts: string[]): Promise<string[]> {
  const has = (held: string) => texts.some((text) => held.includes(text))
  const stores = [...(await redisDump(app)), ...(await postgresDump(app))]
  const found = stores.filter(([, held]) => has(held)).map(([name]) => name)
  const logged = app.logs.filter((line) => has(plain(line))).map(({ message }) => `log: ${message}`)
  return [...found, ...logged]
}

// What is JSON inside of JSON is written without the marks that would hide a text.
const plain = (value: unknown) => JSON.stringify(value).replaceAll('\\', '')
