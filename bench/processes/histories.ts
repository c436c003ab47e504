// Fills a database with conversations of one account, and with a history of any length, past the app.
import pg from 'pg'
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { createId } from '../../src/platform/ids.ts'
import { answer } from '../kit/answer.ts'

const app = createApp(readConfig() as ReadyConfig)

export interface HistoryOrder {
  conversations: number
  /** How many of them have something new, */
  changed: number
  /** and how much. */
  news: number
  /** Messages of each before that. */
  messages: number
}

export interface History {
  token: string
  since: string
  /** Where the account stands in the changed ones. */
  after: { conversationId: string; seq: number }[]
}

const others = 200
const membersEach = 4
const atOnce = 500

async function fill({ conversations, changed, news, messages }: HistoryOrder): Promise<History> {
  const { postgres, services, config } = { ...(await app), config: readConfig() as ReadyConfig }
  // Nothing of this is a hot path, and some of it takes longer than one may.
  const client = new pg.Client({ connectionString: config.databaseUrl })
  await client.connect()
  const people = Array.from({ length: others + 1 }, () => createId(Date.now()))
  const [viewerId = ''] = people
  await client.query(
    `insert into accounts (id, username, roles, password_hash) select id, 'u' || replace(id::text, '-', ''), '{USER}', '-' from unnest($1::uuid[]) as id`,
    [people],
  )
  const ids = Array.from({ length: conversations }, (_, i) => createId(Date.now() - conversations + i))
  for (let from = 0; from < ids.length; from += atOnce) {
    const batch = ids.slice(from, from + atOnce)
    const before = `now() - interval '1 day'`
    await client.query(
      `insert into conversations (id, kind, name, last_seq, members_seq, changed_at, last_message_at)
       select id, 'GROUP', 'Group', $2, 1, ${before}, ${before} from unnest($1::uuid[]) as id`,
      [batch, messages + 1],
    )
    await client.query(
      `insert into conversation_members (conversation_id, account_id, role, joined_seq, read_seq, delivered_seq)
       select c.id, p.id, case when p.i = 1 then 'OWNER' else 'MEMBER' end::"ConversationRole", 1, 1, 1
       from unnest($1::uuid[]) with ordinality as c (id, i), lateral (
         select ($2::uuid[])[1] as id, 1 as i union all
         select ($2::uuid[])[2 + (c.i * 7 + n) % ${others}], n + 1 from generate_series(1, ${membersEach}) as n) p`,
      [batch, people],
    )
    await client.query(
      `insert into conversation_entries (conversation_id, seq, kind, actor_id, at, client_id, fingerprint, body)
       select c.id, seq, case when seq = 1 then 'CREATED' else 'MESSAGE' end::"EntryKind", ($2::uuid[])[1 + (seq + c.i) % ${others}], ${before},
         case when seq > 1 then c.id || '-' || seq end, case when seq > 1 then sha256(seq::text::bytea) end,
         case when seq > 1 then repeat('lorem ipsum ', 4) end
       from unnest($1::uuid[]) with ordinality as c (id, i), generate_series(1, $3::int) as seq`,
      [batch, people, messages + 1],
    )
  }
  await client.query('vacuum analyze')

  const since = await sinceNow(services, viewerId)
  const behind = ids.filter((_, i) => i % Math.floor(conversations / changed) === 0).slice(0, changed)
  await client.query(
    `insert into conversation_entries (conversation_id, seq, kind, actor_id, client_id, fingerprint, body)
     select c.id, $3 + n, 'MESSAGE', ($2::uuid[])[2 + n], c.id || '-' || ($3 + n), '\\x00', 'something new'
     from unnest($1::uuid[]) as c (id), generate_series(1, $4::int) as n`,
    [behind, people, messages + 1, news],
  )
  await client.query(
    'update conversations set last_seq = last_seq + $2, changed_at = clock_timestamp(), last_message_at = clock_timestamp() where id = any($1::uuid[])',
    [behind, news],
  )
  await client.end()
  await postgres.sql({ name: 'bench-warm', text: 'select 1' })
  const { accessToken } = await services.identity.mintSignIn(viewerId)
  const globalId = (id: string) => Buffer.from(`Conversation:${id}`).toString('base64')
  return {
    token: accessToken,
    since,
    after: behind.map((id) => ({ conversationId: globalId(id), seq: messages + 1 })),
  }
}

type Services = Awaited<typeof app>['services']

async function sinceNow({ messages }: Services, accountId: string): Promise<string> {
  for (let since: string | null = null; ; ) {
    const page = await messages.syncChanges(accountId, { after: [], since, first: 1 })
    if (!page.hasMoreChanged) return page.since
    since = page.since
  }
}

answer(app, { fill })
