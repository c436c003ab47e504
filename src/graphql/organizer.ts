import type { Viewer } from '../modules/identity/index.ts'
import { UnauthenticatedError } from '../platform/errors.ts'

/** The account that asks, in a field that only organizers reach. */
export function organizer(viewer: Viewer | null): string {
  if (!viewer?.accountId) throw new UnauthenticatedError()
  return viewer.accountId
}
