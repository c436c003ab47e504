export type { Attendee, AttendeePage } from './attendees.ts'
export { createAuthorLabel } from './author-labels.ts'
export type { Activity, ActivityKind } from './card.ts'
export { cardOf } from './card.ts'
export { type ActivityMessage, messageIdOf, messageOf } from './chat.ts'
export { createChatStore } from './chat-store.ts'
export type { ActivityCluster } from './clusters.ts'
export { createActivityCounts } from './counts-store.ts'
export { createEnding } from './ending.ts'
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
export { createForgetting } from './forgetting.ts'
export { type Found, type NearbyPage, quietMeters } from './nearby.ts'
export { createActivityReads } from './reads.ts'
export { type ActivityService, createActivityService, type FlagReason } from './service.ts'
export { type ActivityState, isOver, stateOf } from './state.ts'
export { createActivityStore } from './store.ts'
