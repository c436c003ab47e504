import { ownSettings } from '../kit/deployment.ts'

/** The settings that a replay fixes for the servers it starts, whatever the environment says. */
export const replaySettings = {
  ...ownSettings,
  MATCH_CONFIRMATION: 'one-sided',
  SESSION_TTL_SECONDS: '7200',
  BEACON_WINDOW_SECONDS: '600',
  NUDGE_COOLDOWN_SECONDS: '0',
  NUDGES_PER_SESSION: '0',
  WORKER: 'separate',
}
