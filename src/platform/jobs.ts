import {
  type CronItem,
  parseCronItems,
  type Runner,
  run,
  runMigrations,
  runOnce,
  type TaskList,
  Logger as WorkerLogger,
} from 'graphile-worker'
import { describeError, type Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { Postgres, Sql } from './postgres.ts'

/** What a job does, by name. A job may run more than once: each is safe to repeat. */
export type Jobs = Record<string, (payload: unknown) => Promise<void>>

export interface JobRunner {
  /** Makes or updates the tables that jobs are enqueued in. */
  prepare(): Promise<void>
  /** Starts working, here, until closed. */
  start(): Promise<void>
  /** Runs what is due now, and what that leads to, and returns when nothing is left. */
  drain(): Promise<void>
  add(job: string, payload?: unknown): Promise<void>
  /**
   * Enqueues in a transaction: the job exists if the transaction commits. One that waits under the same `key` is replaced, so
   * that a thing that changes often is worked on once; one that runs already is not.
   */
  addIn(sql: Sql, job: string, payload: unknown, key: string): Promise<void>
  close(): Promise<void>
}

export interface JobRunnerOptions {
  postgres: Postgres
  jobs: Jobs
  /** `'* * * * *'` by job: when a job runs by itself. Each tick runs once, however many workers there are. */
  schedule: Record<string, string>
  logger: Logger
  metrics: Metrics
}

/** graphile-worker over the pool that everything shares: jobs are rows, enqueued in the transaction that needs them. */
export function createJobRunner({ postgres, jobs, schedule, logger, metrics }: JobRunnerOptions): JobRunner {
  const { pool } = postgres
  const taskList: TaskList = {}
  for (const [job, work] of Object.entries(jobs)) {
    taskList[job] = async (payload) => {
      try {
        await work(payload)
        metrics.jobs.inc({ job, outcome: 'ok' })
      } catch (error) {
        metrics.jobs.inc({ job, outcome: 'error' })
        logger.warn('job failed, will be tried again', { job, ...describeError(error) })
        throw error
      }
    }
  }
  const items: CronItem[] = Object.entries(schedule).map(([task, match]) => ({
    task,
    match,
    options: { backfillPeriod: 0 },
  }))
  const quiet = new WorkerLogger(() => (level, message) => {
    if (level === 'error') logger.debug('worker', { message })
  })
  const common = { pgPool: pool, taskList, logger: quiet, noHandleSignals: true }
  let runner: Runner | undefined
  let migrated: Promise<void> | undefined
  const ready = () => {
    migrated ??= Promise.resolve(runMigrations({ pgPool: pool, logger: quiet }))
    return migrated
  }

  return {
    prepare: ready,
    async start() {
      await ready()
      runner = await run({ ...common, concurrency: 2, pollInterval: 1000, parsedCronItems: parseCronItems(items) })
      runner.promise.catch((error: unknown) => logger.error('worker stopped', describeError(error)))
    },
    async drain() {
      await ready()
      await runOnce(common)
    },
    async add(job, payload = {}) {
      await ready()
      await postgres.sql(
        { name: 'jobs-add', text: 'select graphile_worker.add_job($1, $2::json) is not null as added' },
        [job, JSON.stringify(payload)],
      )
    },
    async addIn(sql, job, payload, key) {
      await sql(
        {
          name: 'jobs-add-in',
          text: 'select graphile_worker.add_job($1, $2::json, job_key := $3) is not null as added',
        },
        [job, JSON.stringify(payload), key],
      )
    },
    async close() {
      await runner?.stop()
    },
  }
}
