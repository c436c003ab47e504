import type { Route } from './http.ts'
import { sendJson } from './http.ts'
import type { Postgres } from './postgres.ts'
import type { RedisConnections } from './redis.ts'

/** How long a store may take to answer before this process calls itself not ready, milliseconds. */
const budgets = { redis: 200, postgres: 300 }

type Check = { ok: boolean; ms: number }

export interface Health {
  routes: [string, Route][]
  /** From now on not ready, whatever the stores say: the process is about to stop. */
  drain(): void
}

export function createHealth(deps: { redis: RedisConnections; postgres: Postgres }): Health {
  const { redis, postgres } = deps
  let draining = false

  async function timed(budgetMs: number, ask: () => Promise<unknown>): Promise<Check> {
    const begun = performance.now()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), budgetMs)
    })
    const answered = ask().then(
      () => true,
      () => false,
    )
    const ok = await Promise.race([answered, late])
    clearTimeout(timer)
    return { ok, ms: Math.round(performance.now() - begun) }
  }

  async function check() {
    const [redisCheck, postgresCheck] = await Promise.all([
      timed(budgets.redis, () => redis.command.ping()),
      timed(budgets.postgres, () => postgres.pool.query('select 1')),
    ])
    const ready = !draining && redisCheck.ok && postgresCheck.ok
    return { ready, draining, redis: redisCheck, postgres: postgresCheck }
  }

  return {
    routes: [
      ['/health/live', ({ res }) => sendJson(res, 200, { live: true })],
      [
        '/health/ready',
        async ({ res }) => {
          const { ready } = await check()
          sendJson(res, ready ? 200 : 503, { ready })
        },
      ],
      [
        '/health',
        async ({ res }) => {
          const state = await check()
          sendJson(res, state.ready ? 200 : 503, {
            status: state.ready ? 'ok' : state.draining ? 'draining' : 'degraded',
            ...state,
            uptimeSeconds: Math.round(process.uptime()),
          })
        },
      ],
    ],
    drain() {
      draining = true
    },
  }
}
