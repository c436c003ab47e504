import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { lockDataDir } from '../../src/platform/embedded/lock.ts'
import { type Run, redisUrl, run, template } from '../kit/process.ts'

const folders: string[] = []
const databases: string[] = []

const main = (env: Record<string, string>) => run(['dist/src/main.js'], env)
const secret = { VICINITY_SECRET: 'x'.repeat(32) }

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vicinity-start-up-'))
  folders.push(path)
  return path
}

async function sql(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

async function database(): Promise<string> {
  const name = `${template.pathname.slice(1)}_${randomBytes(4).toString('hex')}`
  const postgres = new URL(template)
  postgres.pathname = '/postgres'
  await sql(postgres.href, `CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`)
  databases.push(name)
  const url = new URL(template)
  url.pathname = `/${name}`
  return url.href
}

afterAll(async () => {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
  const postgres = new URL(template)
  postgres.pathname = '/postgres'
  for (const name of databases) await sql(postgres.href, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
})

/** What a person gets to see: the fault, one remedy, no stack, and an exit code that says so. */
async function expectRefusal({ ended }: Run, fault: RegExp, remedy: RegExp): Promise<void> {
  const { code, output } = await ended
  expect(output).toMatch(fault)
  expect(output.split('→ ')[1]).toMatch(remedy)
  expect(output).not.toMatch(/^\s+at /m)
  expect(code).toBe(1)
}

describe('a start that cannot succeed says why and what to do', () => {
  test('a bad environment: every fault at once', async () => {
    const { code, output } = await main({ PORT: 'http', LOG_LEVEL: 'loud', NODE_ENV: 'production' }).ended
    for (const name of ['PORT', 'LOG_LEVEL', 'VICINITY_SECRET', 'DATABASE_URL', 'REDIS_URL']) {
      expect(output).toMatch(new RegExp(`^ {2}${name}: `, 'm'))
    }
    expect(code).toBe(1)
  })

  test('a Node that is too old', async () => {
    const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.4'}})`
    await expectRefusal(
      run(['--import', old, 'scripts/run.mjs', 'start'], {}),
      /needs Node 20\.19 or later; this is 18\.20\.4/,
      /nvm install/,
    )
  })

  test('a database that cannot be reached', async () => {
    const started = main({
      DATABASE_URL: 'postgresql://nobody:secret-word@127.0.0.1:1/none',
      REDIS_URL: redisUrl,
      ...secret,
    })
    await expectRefusal(started, /database none at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/, /DATABASE_URL/)
    expect((await started.ended).output).not.toContain('secret-word')
  })

  test('a Redis that cannot be reached', async () => {
    const started = main({ DATABASE_URL: template.href, REDIS_URL: 'redis://:secret-word@127.0.0.1:1', ...secret })
    await expectRefusal(started, /Redis at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/, /REDIS_URL/)
    expect((await started.ended).output).not.toContain('secret-word')
  })

  test('no Redis on the machine, and none that may be installed', async () => {
    const started = main({ DATABASE_URL: await database(), DATA_DIR: folder(), PATH: folder() })
    await expectRefusal(started, /There is no Redis/, /Install Redis 7 or later/)
  })

  test('a database behind the code', async () => {
    const url = await database()
    await sql(url, 'DELETE FROM _prisma_migrations')
    await expectRefusal(
      main({ DATABASE_URL: url, REDIS_URL: redisUrl, ...secret }),
      /behind this version: \d+_create_vicinity/,
      /npm run migrate/,
    )
  })

  test('a database ahead of the code', async () => {
    const url = await database()
    await sql(
      url,
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '29990101000000_add_future', now())`,
    )
    await expectRefusal(
      main({ DATABASE_URL: url, REDIS_URL: redisUrl, ...secret }),
      /ahead of this version: it has 29990101000000_add_future/,
      /later one/,
    )
  })

  test('a port that is taken', async () => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => occupant.once('listening', resolve))
    const { port } = occupant.address() as AddressInfo
    const env = {
      DATABASE_URL: await database(),
      REDIS_URL: redisUrl,
      REDIS_PREFIX: randomBytes(4).toString('hex'),
      PORT: String(port),
      ...secret,
    }
    await expectRefusal(main(env), new RegExp(`Port ${port} is taken`), new RegExp(`PORT=${port + 1}`))
    occupant.close()
  })

  test('a data directory that another one uses', async () => {
    const dataDir = folder()
    const release = lockDataDir(dataDir)
    await expectRefusal(
      main({ DATA_DIR: dataDir }),
      new RegExp(`in use by another Vicinity, process ${process.pid}`),
      /DATA_DIR=/,
    )
    release()
  })
})

describe('servers that are brought along', () => {
  test('outlive neither an order to stop nor a hard death, and keep their data', async () => {
    const dataDir = folder()
    const first = main({ DATA_DIR: dataDir })
    await first.says('serves after')
    first.child.kill('SIGKILL')
    await first.ended

    const second = main({ DATA_DIR: dataDir })
    const output = await second.says('serves after')
    expect(output).not.toContain('applied')
    second.child.kill('SIGTERM')
    expect((await second.ended).code).toBe(0)
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
    expect(existsSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'))).toBe(false)
    expect(existsSync(join(dataDir, 'redis', 'redis.pid'))).toBe(false)
  })

  test('are stopped when the order comes while they start', async () => {
    const dataDir = folder()
    const started = main({ DATA_DIR: dataDir })
    await started.says('applied')
    started.child.kill('SIGINT')
    const { code, output } = await started.ended
    expect({ code, served: output.includes('serves after') }).toEqual({ code: 0, served: false })
    expect(existsSync(join(dataDir, 'lock'))).toBe(false)
  })
})
