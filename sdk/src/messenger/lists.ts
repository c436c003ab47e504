import { everything } from '../store/storage.ts'
import type { Job } from './jobs.ts'
import { within } from './keys.ts'
import { allJobs, jobsOf, type Local, type LocalTx, type Touched, valuesOf } from './local.ts'
import type { MemberRecord, ProfileRecord } from './records.ts'
import { byActivity, type ConversationView, viewConversation } from './views.ts'

export interface ConversationList {
  /** Marks what has to be read again. */
  touch(touched: Touched): void
  /** All of them, sorted; reads only what was touched. */
  read(): Promise<readonly ConversationView[]>
  /** Forgets what was read. */
  clear(): void
}

/** The list of all conversations, kept while somebody looks at it, so that one new message among ten thousand costs one reading. */
export function createConversationList(local: Local): ConversationList {
  const views = new Map<string, ConversationView>()
  let stale: Set<string> | 'all' = 'all'

  const touch = ({ conversations, profiles }: Touched) => {
    if (stale === 'all') return
    for (const id of conversations) stale.add(id)
    if (profiles.size === 0) return
    for (const view of views.values())
      if (view.members.some(({ profileId }) => profiles.has(profileId))) stale.add(view.id)
  }

  return {
    touch,
    async read() {
      const wanted = stale
      stale = new Set()
      try {
        const found = await local.read((tx) => (wanted === 'all' ? readAll(tx) : readSome(tx, wanted)))
        if (wanted === 'all') views.clear()
        else for (const id of wanted) views.delete(id)
        for (const view of found) views.set(view.id, view)
      } catch (reason) {
        stale = 'all'
        throw reason
      }
      return [...views.values()].sort(byActivity)
    },
    clear() {
      views.clear()
      stale = 'all'
    },
  }
}

async function readAll(tx: LocalTx): Promise<ConversationView[]> {
  const me = (await tx.meta('me'))?.profile.id ?? ''
  const profiles = new Map(valuesOf(await tx.range('profiles', everything)).map((profile) => [profile.id, profile]))
  const members = new Map<string, MemberRecord[]>()
  for (const { key, value } of await tx.range('members', everything)) push(members, key.split('!')[0] as string, value)
  const jobs = new Map<string, Job[]>()
  for (const job of await allJobs(tx)) push(jobs, job.conversationId, job)
  const people = (id: string | null) => (id === null ? null : (profiles.get(id) ?? null))
  const records = valuesOf(await tx.range('conversations', everything))
  return records.map((record) =>
    viewConversation(me, record, members.get(record.id) ?? [], jobs.get(record.id) ?? [], people),
  )
}

function push<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key)
  if (list) list.push(item)
  else lists.set(key, [item])
}

async function readSome(tx: LocalTx, ids: ReadonlySet<string>): Promise<ConversationView[]> {
  const me = (await tx.meta('me'))?.profile.id ?? ''
  const views: ConversationView[] = []
  for (const id of ids) {
    const record = await tx.get('conversations', id)
    if (!record) continue
    const members = valuesOf(await tx.range('members', within(id)))
    const ofInterest = [me, record.lastMessage?.senderId, ...members.map(({ profileId }) => profileId)]
    views.push(viewConversation(me, record, members, await jobsOf(tx, id), await readPeople(tx, ofInterest)))
  }
  return views
}

/** Those among them who are known. */
export async function readPeople(tx: LocalTx, ids: readonly (string | null | undefined)[]) {
  const profiles = new Map<string, ProfileRecord>()
  for (const id of new Set(ids)) {
    const profile = id ? await tx.get('profiles', id) : undefined
    if (profile) profiles.set(profile.id, profile)
  }
  return (id: string | null) => (id === null ? null : (profiles.get(id) ?? null))
}
