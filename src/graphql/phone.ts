import type { Viewer } from '../modules/identity/index.ts'
import { UnauthenticatedError } from '../platform/errors.ts'

/** The phone that asks, in a field that only phones reach: its device, and its session if it holds no more than a session's secret. */
export function phone(viewer: Viewer | null): { deviceId: string; sessionId: string | null } {
  if (!viewer?.deviceId) throw new UnauthenticatedError()
  return { deviceId: viewer.deviceId, sessionId: viewer.sessionId }
}
