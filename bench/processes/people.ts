// Makes accounts, conversations and what was missed in them, past the limits, in a process of its own.
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { createId } from '../../src/platform/ids.ts'
import { answer } from '../kit/answer.ts'

const app = createApp(readConfig() as ReadyConfig)

export interface PeopleOrder {
  writers: number
  groups: number
  /** Members of each group, of those who write. */
  membersEach: number
  /** So many messages were said in a group of one more, whose reader was away. */
  missed: number
}

export interface People {
  groups: { id: string; globalId: string }[]
  /** Who may write where. */
  seats: { token: string; group: string }[]
  reader: { token: string; conversationId: string; eventsCursor: string; inboxCursor: string }
}

const globalId = (id: string) => Buffer.from(`Conversation:${id}`).toString('base64')

async function people({ writers, groups, membersEach, missed }: PeopleOrder): Promise<People> {
  const { postgres, services } = await app
  const { identity, messages } = services
  const ids = Array.from({ length: writers + 1 }, () => createId(Date.now()))
  await postgres.pool.query(
    `insert into accounts (id, username, roles, password_hash)
     select id, 'u' || replace(id::text, '-', ''), '{USER}', '-' from unnest($1::uuid[]) as id`,
    [ids],
  )
  const [readerId = '', ...writerIds] = ids
  const usernames = (of: string[]) => of.map((id) => `u${id.replaceAll('-', '')}`)
  const group = async (n: number, [ownerId = '', ...members]: string[]) => {
    const named = { profileIds: [], usernames: usernames(members) }
    const made = await messages.createGroup(ownerId, { clientId: `bench-group-${n}`, name: `Group ${n}`, ...named })
    return made.conversationId
  }
  const tokens = new Map<string, string>()
  for (const id of ids) tokens.set(id, (await identity.mintSignIn(id)).accessToken)
  const made: { id: string; members: string[] }[] = []
  for (let n = 0; n < groups; n += 1) {
    const members = Array.from({ length: membersEach }, (_, i) => writerIds[(n * 3 + i) % writers] ?? '')
    made.push({ id: await group(n, members), members })
  }
  const [ownerId = '', ...others] = writerIds
  const conversationId = await group(groups, [ownerId, readerId, ...others.slice(0, 3)])
  const eventsCursor = await standing(messages.conversationEvents(readerId, conversationId, null, () => undefined))
  const inboxCursor = await standing(messages.inbox(readerId, null, () => undefined))
  for (let n = 0; n < missed; n += 1)
    await messages.send(writerIds[n % 4] ?? ownerId, {
      ...{
        conversationId,
        clientId: `bench-missed-${n}`,
        body: `Something of usual length, number ${n}`,
        replyToId: null,
      },
    })
  // Until it is told: this process ends as soon as it has answered.
  await messages.close()
  return {
    groups: made.map(({ id }) => ({ id, globalId: globalId(id) })),
    seats: Array.from({ length: groups * membersEach }, (_, n) => {
      const { id, members } = made[n % groups] ?? { id: '', members: [] }
      return { token: tokens.get(members[Math.floor(n / groups)] ?? '') ?? '', group: globalId(id) }
    }),
    reader: {
      ...{ token: tokens.get(readerId) ?? '', conversationId: globalId(conversationId), eventsCursor, inboxCursor },
    },
  }
}

/** Where a stream stands, as a cursor. */
async function standing(opening: Promise<AsyncIterableIterator<{ cursor: string }>>): Promise<string> {
  const stream = await opening
  const { value } = await stream.next()
  await stream.return?.()
  return String(value?.cursor)
}

answer(app, { people })
