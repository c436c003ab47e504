import type { Viewer } from '../modules/identity/index.ts'
import { UnauthenticatedError } from '../platform/errors.ts'
import { phone } from './phone.ts'

/** Whoever asks, in a field that nobody reaches without a token. */
export function signedIn(viewer: Viewer | null): Viewer {
  if (!viewer) throw new UnauthenticatedError()
  return viewer
}

/** The account that asks, in a field that only accounts reach. */
export function accountOf(viewer: Viewer | null): string {
  if (!viewer?.accountId) throw new UnauthenticatedError()
  return viewer.accountId
}

/** Everything that the viewer is, in a field that only devices and accounts reach: what is listed together is shown to nobody else. */
export function selvesOf(viewer: Viewer | null): string[] {
  return [viewer?.deviceId, viewer?.accountId].filter((id) => id != null)
}

/** One half of whoever asks: the account, if there is one, unless it is the phone that is asked for. */
export const halfOf = (viewer: Viewer | null, device: boolean): string =>
  device || !viewer?.accountId ? phone(viewer).deviceId : viewer.accountId
