import type { IdentityService, Viewer } from '../modules/identity/index.ts'

/** Requests know of a role that was taken within ten seconds; what was opened with it is no slower. */
const lookEveryMs = 5000

/**
 * Tells once when somebody has lost a role that their socket or stream was opened with; whoever has none to lose is not looked
 * after. Answers how to stop. While Postgres does not answer, nothing is known, and it is asked again.
 */
export function watchRoles(
  identity: Pick<IdentityService, 'account'>,
  viewer: Viewer,
  onLost: () => void,
): (() => void) | undefined {
  if (viewer.roles.every((role) => role === 'USER')) return undefined
  const look = async () => {
    const account = await identity.account(viewer)
    if (viewer.roles.every((role) => account?.roles.includes(role))) return
    clearInterval(timer)
    onLost()
  }
  const timer = setInterval(() => void look().catch(() => undefined), lookEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
