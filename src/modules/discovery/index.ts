export type { NearbyPerson } from './nearby-people.ts'
export type { Change } from './pending.ts'
export type { Reported } from './reporting.ts'
export { createDiscoveryService, type DiscoveryService, type Whom } from './service.ts'
