export type { Attendee, AttendeePage } from './attendees.ts'
export type { Activity, ActivityKind } from './card.ts'
export { cardOf, isQuiet } from './card.ts'
export { type ActivityMessage, messageOf, type NewMessage } from './chat.ts'
export { createChatStore } from './chat-store.ts'
export type { ActivityCluster, Bounds } from './clusters.ts'
export { createActivityCounts } from './counts-store.ts'
export { createEnding, type Ending } from './ending.ts'
export { createEndingStore } from './ending-store.ts'
export {
  ActivityFullError,
  ActivityOverError,
  ActivityStartedError,
  CapacityBelowJoinsError,
  HostCannotLeaveError,
  NotMemberError,
  PlaceTooFarError,
} from './errors.ts'
export { type ActivityEventPayload, activityEvents } from './events.ts'
export { activityKeys } from './keys.ts'
export { type Found, type NearbyPage, quietMeters } from './nearby.ts'
export { createActivityReads } from './reads.ts'
export { type ActivityChanges, capacityAtMost, lifetimeMinutes, type NewActivity } from './rules.ts'
export { type ActivityService, createActivityService, type FlagReason, flagReasons } from './service.ts'
export { type ActivityState, activityStates, isOver, stateOf } from './state.ts'
export { createActivityStore } from './store.ts'
