/** What the process that holds people who walk, and some who watch, is told. */
export interface WalkOrder {
  port: number
  devices: { deviceId: string; token: string }[]
  /** Each says where it is once in so long. */
  everyMs: number
  /** So many of them follow what is around them. */
  watchers: number
  radius: string
}

export interface WalkResult {
  beats: number
  failures: number
  failure: string | undefined
  /** Frames that came, and the changes in them. */
  frames: number
  changes: number
  /** From sending the heartbeat that caused a change to having the frame with it, */
  p50Ms: number
  p99Ms: number
  /** and without the time for which the viewer's last frame made it wait. */
  ownP99Ms: number
  elapsedMs: number
}
