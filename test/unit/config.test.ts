import { ConfigError, describeSettings, readConfig } from '../../src/config.ts'

function faultsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('the environment', () => {
  test('may be empty: everything has a default', () => {
    const config = readConfig({})
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      production: false,
      databaseUrl: undefined,
      redisUrl: undefined,
    })
    expect(config.sessions).toEqual({ ttlMs: 7_200_000, windowMs: 600_000 })
  })

  test('an empty value is none', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '' })).toMatchObject({ port: 4000, databaseUrl: undefined })
  })

  test('every fault is told at once, by name', () => {
    const faults = faultsOf({ PORT: 'http', REDIS_URL: 'localhost', MATCH_CONFIRMATION: 'both', LOG_LEVEL: 'loud' })
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['PORT', 'REDIS_URL', 'MATCH_CONFIRMATION', 'LOG_LEVEL'])
  })

  test('a fault never repeats the value, which may be a secret', () => {
    expect(faultsOf({ VICINITY_SECRET: 'hunter2-hunter2' }).join()).not.toContain('hunter2')
  })

  test('production demands what development makes up', () => {
    const faults = faultsOf({ NODE_ENV: 'production' })
    for (const name of ['VICINITY_SECRET', 'DATABASE_URL', 'REDIS_URL']) expect(faults.join()).toContain(name)
  })

  test('numbers, switches and lists are read as such', () => {
    const config = readConfig({
      PORT: '0',
      RATE_LIMITS: 'off',
      ALLOWED_ORIGINS: 'https://a.example, https://b.example,',
    })
    expect(config.port).toBe(0)
    expect(config.rateLimits).toBe(false)
    expect(config.http.allowedOrigins).toEqual(['https://a.example', 'https://b.example'])
  })

  test('every setting is described', () => {
    for (const { name, says } of describeSettings()) expect(`${name} ${says}`).toMatch(/^[A-Z_]+ \S/)
  })
})
