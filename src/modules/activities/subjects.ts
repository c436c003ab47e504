// Invariant: staff and jobs see what there is, a beholder what they could read; whatever hides a thing can show it again.
import type { Clock } from '../../platform/clock.ts'
import { isId } from '../../platform/ids.ts'
import type { Beholder, SubjectFacts, SubjectSource } from '../enforcement/index.ts'
import type { SocialService } from '../social/index.ts'
import type { Activity } from './card.ts'
import type { ChatStore, StoredMessage } from './chat-store.ts'
import type { ActivityReads } from './reads.ts'
import type { ActivityStore } from './store.ts'

export interface ActivitySubjects {
  /** What can be reported and acted on here. A message is named `<activity>:<seq>`. */
  subjects: { ACTIVITY: SubjectSource; ACTIVITY_MESSAGE: SubjectSource }
}

/** So many areas are looked through at once. */
const areasAtOnce = 50

export function createActivitySubjects(deps: {
  store: ActivityStore
  reads: ActivityReads
  chat: ChatStore
  social: SocialService
  clock: Clock
  load(viewerId: string, ids: readonly string[]): Promise<(Activity | null)[]>
}): ActivitySubjects {
  const { store, reads, chat, social, clock, load } = deps

  async function reveal(ownerId: string, by: string): Promise<number> {
    const areas = await store.areas()
    let shown = 0
    for (let from = 0; from < areas.length; from += areasAtOnce) {
      const some = areas.slice(from, from + areasAtOnce)
      const ids = await Promise.all(some.map((area) => store.involving(area, ownerId)))
      for (const id of ids.flat()) shown += await store.reveal(id, clock.now(), ownerId, by)
    }
    return shown
  }

  async function message(
    id: string,
    find: (activityId: string, seq: number) => Promise<SubjectFacts | null>,
  ): Promise<SubjectFacts | null> {
    const named = nameIn(id)
    return named ? find(named.activityId, named.seq) : null
  }

  return {
    subjects: {
      ACTIVITY: {
        async facts(id) {
          const [activity] = isId(id) ? await reads.load([id]) : []
          return activity ? factsOf(activity) : null
        },
        async seenBy({ deviceId }: Beholder, id) {
          const [activity] = deviceId === null ? [] : await load(deviceId, [id])
          return activity ? factsOf(activity) : null
        },
        setState: async (id, state, by) => isId(id) && store.setState(id, clock.now(), state, by),
        reveal,
      },

      ACTIVITY_MESSAGE: {
        facts: (id) =>
          message(id, async (activityId, seq) => {
            const found = await chat.message(activityId, seq)
            return found ? { ...messageFactsOf(found), state: found.state } : null
          }),
        seenBy: ({ deviceId }, id) =>
          message(id, async (activityId, seq) => {
            if (deviceId === null || !(await load(deviceId, [activityId]))[0]) return null
            const [hidden, said] = await Promise.all([social.hiddenFrom(deviceId), chat.messages(activityId, deviceId)])
            const found = said?.find((each) => each.seq === seq && !hidden.has(each.personId))
            const known = found && (await chat.message(activityId, seq))
            return known ? { ...messageFactsOf(found), state: known.state } : null
          }),
        async setState(id, state, by) {
          const named = nameIn(id)
          return named !== null && store.setMessageState(named.activityId, clock.now(), named.seq, state, by)
        },
        reveal,
      },
    },
  }
}

const nameShape = /^([0-9a-f-]{36}):([1-9][0-9]{0,8})$/

function nameIn(id: string): { activityId: string; seq: number } | null {
  const [, activityId = '', seq] = nameShape.exec(id) ?? []
  return isId(activityId) ? { activityId, seq: Number(seq) } : null
}

const factsOf = ({ hostId, title, emoji, createdAtMs, state }: Activity): SubjectFacts => ({
  ...{ ownerId: hostId, campusId: null, text: `${emoji} ${title}`, isPublic: true, state },
  createdAt: new Date(createdAtMs),
})

const messageFactsOf = ({ personId, body, atMs }: StoredMessage): Omit<SubjectFacts, 'state'> => ({
  ...{ ownerId: personId, campusId: null, text: body, isPublic: false },
  createdAt: new Date(atMs),
})
