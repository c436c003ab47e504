import type { IdentityService, Viewer } from '../modules/identity/index.ts'

/** Requests know of a role that was taken within ten seconds; what was opened with it is no slower. */
const lookEveryMs = 5000

type Identity = Pick<IdentityService, 'rolesOf'>

interface Watched {
  accountId: string
  roles: Viewer['roles']
  onLost(): void
}

/** Whoever is looked after on a node is looked up together: one more costs no read. */
const watches = new WeakMap<Identity, { watched: Set<Watched>; timer: NodeJS.Timeout }>()

/**
 * Tells once when somebody has lost a role that their socket or stream was opened with; whoever has none to lose is not looked
 * after. Answers how to stop. While Postgres does not answer, nothing is known, and it is asked again.
 */
export function watchRoles(identity: Identity, viewer: Viewer, onLost: () => void): (() => void) | undefined {
  const { accountId, roles } = viewer
  if (accountId === null || roles.every((role) => role === 'USER')) return undefined
  const one = { accountId, roles, onLost }
  const { watched } = watchOf(identity)
  watched.add(one)
  return () => forget(identity, one)
}

function watchOf(identity: Identity) {
  const known = watches.get(identity)
  if (known) return known
  const timer = setInterval(() => void look(identity).catch(() => undefined), lookEveryMs).unref()
  const watch = { watched: new Set<Watched>(), timer }
  watches.set(identity, watch)
  return watch
}

async function look(identity: Identity): Promise<void> {
  const { watched } = watchOf(identity)
  const asked = [...watched]
  const found = await identity.rolesOf(asked.map(({ accountId }) => accountId))
  for (const one of asked) {
    const has = found.get(one.accountId)
    if (one.roles.every((role) => has?.includes(role)) || !watched.has(one)) continue
    forget(identity, one)
    one.onLost()
  }
}

function forget(identity: Identity, one: Watched) {
  const watch = watches.get(identity)
  if (!watch?.watched.delete(one) || watch.watched.size > 0) return
  clearInterval(watch.timer)
  watches.delete(identity)
}
