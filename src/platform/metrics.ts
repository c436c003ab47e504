import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { quickCounter, quickHistogram } from './quick-metrics.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** What an operator watches at /metrics. Labels are closed lists: never an id, an address or an interest. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    operations: quickCounter(registry, {
      name: 'vicinity_operations_total',
      help: 'GraphQL operations by kind and outcome',
      labelNames: ['kind', 'outcome'],
    }),
    errors: new Counter({
      registers,
      name: 'vicinity_errors_total',
      help: 'Errors answered, by code',
      labelNames: ['code'],
    }),
    httpSeconds: quickHistogram(registry, {
      name: 'vicinity_http_seconds',
      help: 'Time from a request to its answer, by way, in seconds',
      labelName: 'way',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    }),
    sockets: new Gauge({ registers, name: 'vicinity_sockets', help: 'Open WebSockets' }),
    socketCloses: new Counter({
      registers,
      name: 'vicinity_socket_closes_total',
      help: 'WebSockets closed, by close code',
      labelNames: ['code'],
    }),
    subscribers: new Gauge({ registers, name: 'vicinity_subscribers', help: 'Running subscriptions' }),
    deliveries: quickCounter(registry, {
      name: 'vicinity_deliveries_total',
      help: 'Events handed to subscribers, by topic',
      labelNames: ['topic'],
    }),
    executions: quickCounter(registry, {
      name: 'vicinity_subscription_executions_total',
      help: 'Selections executed for sockets: `shared`, one event for all who asked the same, or `own`',
      labelNames: ['for'],
    }),
    gaps: new Counter({
      registers,
      name: 'vicinity_gaps_total',
      help: 'Gaps found in a live stream and filled from its log, by topic',
      labelNames: ['topic'],
    }),
    resyncs: new Counter({
      registers,
      name: 'vicinity_resyncs_total',
      help: 'ResyncRequired sent, by reason',
      labelNames: ['reason'],
    }),
    slowConsumers: new Counter({
      registers,
      name: 'vicinity_slow_consumers_total',
      help: 'Subscribers closed because they took too long',
    }),
    droppedWakeups: new Counter({
      registers,
      name: 'vicinity_dropped_wakeups_total',
      help: 'Pub/sub messages that could not be read, and were ignored',
    }),
    droppedJudgedWrites: new Counter({
      registers,
      name: 'vicinity_dropped_judged_writes_total',
      help: 'Judged writes that were not noted for replays, because too many waited',
    }),
    sightings: new Counter({ registers, name: 'vicinity_sightings_total', help: 'Sightings reported' }),
    matches: new Counter({ registers, name: 'vicinity_matches_total', help: 'Pairs nudged' }),
    jobs: new Counter({
      registers,
      name: 'vicinity_jobs_total',
      help: 'Jobs run, by name and outcome',
      labelNames: ['job', 'outcome'],
    }),
  }
}
