import { startApi } from '../kit/api-process.ts'
import type { Bench } from '../kit/bench.ts'
import { type Figures, interleave } from '../kit/rounds.ts'

const limitSeconds = 2

/** From `node` to the first 200 of /health/ready, with servers that are there and migrated: what a deployment waits for. */
export const start: Bench = async ({ stage, rounds, say }) => {
  say('start: from node to ready')
  const { WORKER: _, ...env } = stage.env
  // The first one makes the signing key and the tables of the job queue, as the set-up would have.
  await untilReady(env)
  const rows = await interleave([{ name: 'vicinity' }], rounds, () => untilReady(env))
  return {
    bench: 'start',
    says: 'node start to ready, without set-up',
    rows,
    goals: [{ subject: 'vicinity', figure: 'seconds', bound: limitSeconds, want: 'at most' }],
    notes: [],
  }
}

async function untilReady(env: Record<string, string>): Promise<Figures> {
  const begun = performance.now()
  const api = await startApi(env)
  const seconds = (performance.now() - begun) / 1000
  await api.end('SIGTERM')
  return { seconds }
}
