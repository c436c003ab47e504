import type { Viewer } from '../modules/identity/index.ts'
import { UnauthenticatedError } from '../platform/errors.ts'

/** A member of staff. */
export interface Staff {
  accountId: string
  isAdmin: boolean
}

/** Whether somebody is a member of staff. */
export const isStaff = (viewer: Viewer | null): boolean =>
  viewer?.accountId != null && viewer.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN')

/** The account that asks, in a field that only moderators reach. */
export function staffOf(viewer: Viewer | null): Staff {
  if (!viewer?.accountId) throw new UnauthenticatedError()
  return { accountId: viewer.accountId, isAdmin: viewer.roles.includes('ADMIN') }
}
