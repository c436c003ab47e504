import type { MessengerApi } from './api.ts'
import { type Local, putProfiles } from './local.ts'
import { applyOlder } from './snapshots.ts'

// Rounds that find nothing but that something newer came in between, or that are still above what is kept.
const mostInVain = 50
const pageSize = 50

/** Fetches messages older than those kept, about so many. False: there are none. */
export async function fetchOlder(
  { api, local }: { api: Pick<MessengerApi, 'older'>; local: Local },
  conversationId: string,
  count: number,
): Promise<boolean> {
  let found = 0
  for (let inVain = 0; inVain < mostInVain && found < count; inVain++) {
    const { me, asked } = await local.read(async (tx) => ({
      me: (await tx.meta('me'))?.profile.id,
      asked: await tx.get('conversations', conversationId),
    }))
    if (!me || !asked || asked.oldestSeq <= asked.firstSeq) return false
    // The first page begins at the newest message, since where the kept ones begin has no cursor yet.
    const page = await api.older(
      conversationId,
      asked.olderCursor,
      Math.min(pageSize, asked.olderCursor ? count : pageSize),
    )
    const outcome = await local.write(async (tx) => {
      await putProfiles(tx, page.profiles)
      return applyOlder(tx, me, asked, page)
    })
    if (outcome === 'gone') return false
    if (outcome === 'added') {
      found += page.messages.filter(({ seq }) => seq < asked.oldestSeq).length
      inVain = -1
    }
    if (outcome === 'added' && !page.hasOlder) return false
  }
  return true
}
