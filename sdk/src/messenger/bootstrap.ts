import type { BootstrapPage } from './api.ts'
import { putProfiles } from './local.ts'
import type { PullParts } from './pull.ts'
import { refusalOf, verdict } from './retry-rules.ts'
import { applySnapshot } from './snapshots.ts'

/** Fetches every conversation once, page by page; goes on where an earlier process stopped. Nothing is asked if it is complete. */
export async function bootstrapAll(parts: PullParts): Promise<void> {
  while (!(await parts.local.read((tx) => tx.meta('since')))) {
    const begun = await parts.local.read((tx) => tx.meta('bootstrap'))
    const page = await nextPage(parts, begun?.nextPage ?? null)
    if (page) await keep(parts, page, begun)
    else await parts.local.write((tx) => tx.setMeta('bootstrap', undefined))
  }
}

/** Undefined: the server does not know the page any more, so it begins again. */
async function nextPage({ api }: PullParts, after: string | null): Promise<BootstrapPage | undefined> {
  try {
    return await api.bootstrap(after)
  } catch (reason) {
    if (after !== null && verdict(refusalOf(reason).code) === 'refused') return undefined
    throw reason
  }
}

type Begun = Pick<BootstrapPage, 'inboxCursor' | 'since'>

async function keep({ local, me }: PullParts, page: BootstrapPage, begun: Begun | undefined): Promise<void> {
  // Where the streams stood before anything was read: later pages are newer, and what is told twice is applied once.
  const { inboxCursor, since } = begun ?? page
  await local.write(async (tx) => {
    await putProfiles(tx, page.profiles)
    for (const snapshot of page.snapshots) await applySnapshot(tx, me, snapshot)
    if (page.nextPage !== null) return tx.setMeta('bootstrap', { nextPage: page.nextPage, inboxCursor, since })
    await tx.setMeta('bootstrap', undefined)
    await tx.setMeta('inbox', { cursor: inboxCursor })
    await tx.setMeta('since', { since })
  })
}
