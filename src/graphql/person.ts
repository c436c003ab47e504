import type { Viewer } from '../modules/identity/index.ts'
import { UnauthenticatedError } from '../platform/errors.ts'

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
