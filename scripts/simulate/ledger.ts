/** A message as its sender knows it. Times are of this process, milliseconds. */
export interface Said {
  activityId: string
  messageId: string
  seq: number
  beganMs: number
  answeredMs: number
}

/** A member's stream of one activity: what came between its start and its end. */
export interface Heard {
  activityId: string
  person: number
  /** Everything said from here on must come. */
  readyMs: number
  /** Nothing said later must come. */
  untilMs: number
  messages: { messageId: string; seq: number }[]
}

/** A seat that was surely taken, from the answer to joining until leaving was asked for. */
export interface Seat {
  activityId: string
  person: number
  fromMs: number
  untilMs: number
}

/** What the people of a run saw, for the verdict. */
export interface Ledger {
  said: Said[]
  heard: Heard[]
  seats: Seat[]
  /** Seats of each activity; null: as many as come. */
  capacity: Map<string, number | null>
  /** The largest number of joins that anybody was told of an activity. */
  told: Map<string, number>
  /** What came over a fence that cannot be: somebody enters who was in already, or leaves who was not. */
  fenceFaults: string[]
}

export function createLedger(): Ledger {
  return { said: [], heard: [], seats: [], capacity: new Map(), told: new Map(), fenceFaults: [] }
}
