export type { StatsSnapshot } from './events.ts'
export { createStatsService, type DayOfStats, type StatsRange, type StatsService } from './service.ts'
export { createStatsStore } from './store.ts'
export type { ShownCell } from './suppress.ts'
