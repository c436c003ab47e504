import { type Ask, catchUp, type Kept } from '../clients/catch-up.ts'
import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { createGroup, done, openDirect, send } from '../kit/conversations.ts'
import { codeOf } from '../kit/gql.ts'
import {
  bootstrap,
  bootstrapDocument,
  changesDocument,
  changesFor,
  hashOf,
  ModelClient,
  serverState,
} from '../kit/sync-model.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const person = () => createAccount(app)

/** Two who know each other. */
async function pair() {
  const [ann, ben] = [await person(), await person()]
  return { ann, ben, direct: await openDirect(ann, ben) }
}

/** Three who know one another, in a group of the first. */
async function trio() {
  const { ann, ben } = await pair()
  const cid = await person()
  await openDirect(ann, cid)
  return { ann, ben, cid, group: await createGroup(ann, [ben, cid]) }
}

const only = async (who: TestAccount, conversationId: string, seq: number, first?: number) => {
  const { conversations, ...rest } = await changesFor(who, {
    after: [{ conversationId, seq }],
    ...(first ? { first } : {}),
  })
  expect(conversations).toHaveLength(1)
  return { ...rest, ...(conversations[0] as (typeof conversations)[number]) }
}

const kindsOf = (changes: { __typename: string }[]) => changes.map(({ __typename }) => __typename)
const refusal = async (who: TestAccount, document: string, variables: object) =>
  codeOf(await who.ask(document, variables as Record<string, unknown>))

describe('a bootstrap', () => {
  test('has the newest messages of each conversation, and everybody whom it names', async () => {
    const { ann, ben, direct } = await pair()
    for (let i = 1; i <= 5; i++) await send(i % 2 ? ann : ben, direct, `message ${i}`)
    const page = await bootstrap(ann, { messages: 3 })
    expect(page).toMatchObject({ hasMore: false, nextPage: null })
    expect(page.conversations).toHaveLength(1)
    const [snapshot] = page.conversations
    expect(snapshot).toMatchObject({ upToSeq: 6, hasOlder: true, conversation: { id: direct, latestSeq: 6 } })
    expect(snapshot?.messages.map(({ body }) => body)).toEqual(['message 3', 'message 4', 'message 5'])
    expect(page.profiles.map(({ id }) => id).sort()).toEqual([ann.profileId, ben.profileId].sort())
  })

  test('comes page by page, the last active first, and no quiet conversation is starved by a busy one', async () => {
    const ann = await person()
    const others = await Promise.all([1, 2, 3, 4, 5].map(person))
    const quiet = []
    for (const other of others) quiet.push(await openDirect(ann, other))
    for (let i = 0; i < 30; i++) await send(ann, quiet[4] ?? '', `busy ${i}`)
    await send(ann, quiet[1] ?? '', 'last')
    const seen = []
    let after: string | null = null
    let first: Awaited<ReturnType<typeof bootstrap>> | undefined
    do {
      const page: Awaited<ReturnType<typeof bootstrap>> = await bootstrap(ann, { first: 2, after, messages: 5 })
      first ??= page
      expect(page.conversations.length).toBeLessThanOrEqual(2)
      expect({ since: page.since.length, inboxCursor: page.inboxCursor }).toEqual({
        ...{ since: first.since.length, inboxCursor: first.inboxCursor },
      })
      seen.push(...page.conversations.map(({ conversation }) => conversation.id))
      after = page.nextPage
    } while (after)
    expect(seen).toEqual([quiet[1], quiet[4], quiet[3], quiet[2], quiet[0]])
  })

  test('a conversation that moves up between two pages is found by what the first page gave', async () => {
    const ann = await person()
    const directs = []
    for (let i = 0; i < 3; i++) directs.push(await openDirect(ann, await person()))
    const page = await bootstrap(ann, { first: 2 })
    const last = directs[0] ?? ''
    await send(ann, last, 'up')
    const rest = await bootstrap(ann, { first: 2, after: page.nextPage })
    expect(rest.conversations).toEqual([])
    const { changed } = await changesFor(ann, { since: rest.since })
    expect(changed).toContainEqual({ conversationId: last, latestSeq: 2 })
  })

  test('a page ends before its conversations have a thousand members together', async () => {
    const ann = await person()
    const many = Array.from({ length: 600 }, (_, i) => `crowd${i}${ann.username}`)
    const { rows } = await app.postgres.pool.query<{ id: string }>(
      `insert into accounts (id, username, roles) select gen_random_uuid(), name, '{USER}' from unnest($1::text[]) as name returning id`,
      [many],
    )
    for (const from of [0, 200, 400]) {
      const id = (await createGroup(ann, [await acquaintanceOf(ann)])) as string
      const raw = Buffer.from(id, 'base64').toString().split(':')[1]
      await app.postgres.pool.query(
        `insert into conversation_members (conversation_id, account_id, joined_seq)
         select $1, id, 1 from unnest($2::uuid[]) as id`,
        [raw, rows.slice(from, from + 200).map((row) => row.id)],
      )
      if (from > 0) continue
      await app.postgres.pool.query(
        `insert into conversation_members (conversation_id, account_id, joined_seq)
         select $1, id, 1 from unnest($2::uuid[]) as id`,
        [raw, rows.slice(200).map((row) => row.id)],
      )
    }
    const page = await bootstrap(ann, { first: 20, messages: 1 })
    expect(page.hasMore).toBe(true)
    const sizes = page.conversations.map(({ conversation }) => conversation.members.length)
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1000)
    const rest = await bootstrap(ann, { first: 20, messages: 1, after: page.nextPage })
    expect(rest).toMatchObject({ hasMore: false })
    expect(page.conversations.length + rest.conversations.length).toBe(6)
  })

  test('is refused where it asks for more than there is', async () => {
    const ann = await person()
    for (const asked of [{ first: 0 }, { first: 51 }, { messages: 0 }, { messages: 51 }, { first: -1 }])
      expect(await refusal(ann, bootstrapDocument, asked)).toBe('BAD_USER_INPUT')
  })
})

async function acquaintanceOf(ann: TestAccount): Promise<TestAccount> {
  const other = await person()
  await openDirect(ann, other)
  return other
}

describe('what happened after a position', () => {
  test('comes as it happened, each thing at its place', async () => {
    const { ann, ben, cid, group } = await trio()
    const first = await send(ann, group, 'helo')
    await done(ann, 'editMessage', { messageId: first.id, body: 'hello' })
    await done(ben, 'setReaction', { messageId: first.id, emoji: '👍', present: true })
    await done(ben, 'markRead', { conversationId: group, upToSeq: 2 })
    await done(cid, 'markDelivered', { conversationId: group, upToSeq: 2 })
    await done(ann, 'renameConversation', { conversationId: group, name: 'Go' })
    await done(ann, 'setConversationRole', { conversationId: group, profileId: ben.profileId, role: 'ADMIN' })
    await done(cid, 'leaveConversation', { conversationId: group })
    await done(ann, 'deleteMessage', { messageId: first.id })
    const { changes, upToSeq, latestSeq, hasMore, firstSeq } = await only(ann, group, 0)
    expect({ latestSeq: upToSeq, hasMore, firstSeq }).toEqual({ latestSeq, hasMore: false, firstSeq: 1 })
    expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, i) => i + 1))
    expect(kindsOf(changes)).toEqual([
      ...['ConversationCreated', 'MessageSent', 'MessageEdited', 'ReactionChanged', 'MessagesRead'],
      ...['MessagesDelivered', 'ConversationRenamed', 'MemberChanged', 'MemberChanged', 'MessageDeleted'],
    ])
    const [created, sent, edited, reacted, read, delivered, renamed, promoted, left, deleted] = changes
    expect(created).toMatchObject({ by: { id: ann.profileId }, conversation: { id: group, name: 'Go' } })
    // What it said once is nowhere any more.
    for (const change of [sent, edited, reacted, deleted])
      expect(change).toMatchObject({ message: { id: first.id, body: null, sender: { id: ann.profileId } } })
    expect(reacted).toMatchObject({ profile: { id: ben.profileId }, emoji: '👍', present: true })
    expect(read).toMatchObject({ profile: { id: ben.profileId }, upToSeq: 2 })
    expect(delivered).toMatchObject({ profile: { id: cid.profileId }, upToSeq: 2 })
    expect(renamed).toMatchObject({ name: 'Go', by: { id: ann.profileId } })
    expect(promoted).toMatchObject({ profile: { id: ben.profileId }, change: 'ROLE', role: 'ADMIN' })
    expect(left).toMatchObject({ profile: { id: cid.profileId }, change: 'LEFT' })
  })

  test('comes in parts without a hole, and own messages hide nothing that came before them', async () => {
    const { ann, ben, direct } = await pair()
    for (let i = 0; i < 7; i++) await send(ben, direct, `theirs ${i}`)
    const mine = await send(ann, direct, 'mine')
    let seq = 1
    const bodies: unknown[] = []
    for (let more = true; more; ) {
      const part = await only(ann, direct, seq, 3)
      expect(part.changes.length).toBeLessThanOrEqual(3)
      expect(part.upToSeq).toBe(seq + part.changes.length)
      bodies.push(...part.changes.map(({ message }) => message?.body))
      ;({ upToSeq: seq, hasMore: more } = part)
    }
    expect(bodies).toEqual([...Array.from({ length: 7 }, (_, i) => `theirs ${i}`), 'mine'])
    expect(seq).toBe(mine.seq)
  })

  test('is shared out evenly where there is too much, and whoever has little gets all of it', async () => {
    const ann = await person()
    const busy = []
    for (let i = 0; i < 7; i++) {
      const direct = await openDirect(ann, await person())
      const raw = Buffer.from(direct, 'base64').toString().split(':')[1]
      await app.postgres.pool.query(
        `insert into conversation_entries (conversation_id, seq, kind, actor_id, body)
         select $1, seq, 'MESSAGE', $2, 'x' from generate_series(2, 121) as seq`,
        [raw, ann.accountId],
      )
      await app.postgres.pool.query('update conversations set last_seq = 121 where id = $1', [raw])
      busy.push(direct)
    }
    const { ben } = await pair()
    const quiet = await openDirect(ann, ben)
    const after = [...busy, quiet].map((conversationId) => ({ conversationId, seq: 0 }))
    const { conversations } = await changesFor(ann, { after })
    const sizes = conversations.map(({ changes }) => changes.length)
    expect(sizes.at(-1)).toBe(1)
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(500)
    expect(Math.max(...sizes) - Math.min(...sizes.slice(0, -1))).toBeLessThanOrEqual(1)
  })

  test('says nothing of what is not there or not one’s own, in the same way', async () => {
    const { ann, direct } = await pair()
    const { direct: foreign } = await pair()
    const missing = Buffer.from('Conversation:01900000-0000-7000-8000-000000000000').toString('base64')
    const garbage = Buffer.from('Conversation:garbage').toString('base64')
    const after = [foreign, direct, missing, garbage].map((conversationId) => ({ conversationId, seq: 0 }))
    const { conversations } = await changesFor(ann, { after })
    expect(conversations.map(({ conversationId }) => conversationId)).toEqual([direct])
  })

  test('whoever knows more than there is, is told so', async () => {
    const { ann, direct } = await pair()
    expect(await only(ann, direct, 40)).toMatchObject({ changes: [], upToSeq: 1, latestSeq: 1, hasMore: false })
  })

  test('is refused for too many positions, for one twice, and for one below zero', async () => {
    const { ann, direct } = await pair()
    const many = Array.from({ length: 101 }, (_, i) => ({
      conversationId: Buffer.from(`Conversation:01900000-0000-7000-8000-${String(i).padStart(12, '0')}`).toString(
        'base64',
      ),
      seq: 0,
    }))
    const here = { conversationId: direct, seq: 0 }
    for (const asked of [
      { after: many },
      { after: [here, here] },
      { after: [{ ...here, seq: -1 }] },
      { after: [here], first: 0 },
      { after: [here], first: 101 },
    ])
      expect(await refusal(ann, changesDocument, asked)).toBe('BAD_USER_INPUT')
    expect((await changesFor(ann, { after: many.slice(0, 100) })).conversations).toEqual([])
  })
})

describe('which conversations changed', () => {
  test('is told since a cursor, and everything without one', async () => {
    const { ann, ben, direct } = await pair()
    const other = await openDirect(ann, await person())
    const before = await changesFor(ann)
    expect(before.changed.map(({ conversationId }) => conversationId).sort()).toEqual([direct, other].sort())
    expect(before).toMatchObject({ left: [], hasMoreChanged: false, conversations: [] })
    await longAgo(ann, other)
    await send(ben, direct, 'new')
    const { changed } = await changesFor(ann, { since: before.since })
    expect(changed).toEqual([{ conversationId: direct, latestSeq: 2 }])
  })

  test('comes five hundred at once, each exactly once', async () => {
    const ann = await person()
    await app.postgres.pool.query(
      `with made as (insert into conversations (id, kind, name, last_seq, members_seq, changed_at)
         select gen_random_uuid(), 'GROUP', 'G', 1, 1, now() - interval '1 day' - (i / 3) * interval '1 millisecond'
         from generate_series(1, 1201) as i returning id)
       insert into conversation_members (conversation_id, account_id, role, joined_seq) select id, $1, 'OWNER', 1 from made`,
      [ann.accountId],
    )
    const told: string[] = []
    const sizes = []
    let since: string | undefined
    for (let more = true; more; ) {
      const page = await changesFor(ann, { since })
      sizes.push(page.changed.length)
      told.push(...page.changed.map(({ conversationId }) => conversationId))
      ;({ since, hasMoreChanged: more } = page)
    }
    expect(sizes).toEqual([500, 500, 201])
    expect(new Set(told).size).toBe(1201)
    expect((await changesFor(ann, { since })).changed).toEqual([])
  })

  test('what is committed late, at a time that was read already, is found by the next round', async () => {
    const { ann, direct } = await pair()
    await longAgo(ann, direct)
    const { since } = await changesFor(ann)
    // Ten seconds before the cursor was made, by a transaction that has only now been committed.
    const raw = Buffer.from(direct, 'base64').toString().split(':')[1]
    await app.postgres.pool.query(`update conversations set changed_at = now() - interval '10 seconds' where id = $1`, [
      raw,
    ])
    expect((await changesFor(ann, { since })).changed).toEqual([{ conversationId: direct, latestSeq: 1 }])
  })

  test('what one left, or was removed from, is told as left; who comes back sees only what follows', async () => {
    const { ann, ben, cid, group } = await trio()
    const second = await createGroup(ann, [ben])
    await send(ann, group, 'before')
    const { since } = await changesFor(ben)
    await done(ben, 'leaveConversation', { conversationId: group })
    await done(ann, 'removeConversationMember', { conversationId: second, profileId: ben.profileId })
    const away = await changesFor(ben, {
      since,
      after: [group, second].map((conversationId) => ({ conversationId, seq: 1 })),
    })
    expect(away.left.sort()).toEqual([group, second].sort())
    expect(away.conversations).toEqual([])
    expect(away.changed.map(({ conversationId }) => conversationId)).not.toContain(group)
    await send(cid, group, 'without him')
    await done(ann, 'addConversationMembers', { conversationId: group, profileIds: [ben.profileId] })
    await send(cid, group, 'with him')
    const back = await changesFor(ben, { since: away.since })
    expect(back.left).not.toContain(group)
    const { firstSeq, latestSeq, changes } = await only(ben, group, 1)
    expect(back.changed).toContainEqual({ conversationId: group, latestSeq })
    expect(firstSeq).toBe(latestSeq - 1)
    expect(changes.map(({ seq }) => seq)).toEqual([firstSeq, latestSeq])
    expect(changes).toMatchObject([
      { __typename: 'MemberChanged', change: 'ADDED', profile: { id: ben.profileId }, by: { id: ann.profileId } },
      { __typename: 'MessageSent', message: { body: 'with him' } },
    ])
  })
})

/** As if nothing had happened there for a day. */
async function longAgo(_who: TestAccount, conversationId: string) {
  const raw = Buffer.from(conversationId, 'base64').toString().split(':')[1]
  await app.postgres.pool.query(`update conversations set changed_at = now() - interval '1 day' where id = $1`, [raw])
}

describe('cursors', () => {
  test('fit nobody else, nothing else, and not with a single bit changed', async () => {
    const ann = await person()
    const ben = await person()
    for (let i = 0; i < 2; i++) {
      await openDirect(ann, await person())
      await openDirect(ben, await person())
    }
    const { nextPage, since, inboxCursor } = await bootstrap(ann, { first: 1 })
    const page = nextPage ?? ''
    expect(page).not.toBe('')
    expect(await refusal(ben, bootstrapDocument, { after: page })).toBe('BAD_USER_INPUT')
    expect(await refusal(ben, changesDocument, { since })).toBe('BAD_USER_INPUT')
    for (const other of [since, inboxCursor, 'x', 'A'.repeat(128)])
      expect(await refusal(ann, bootstrapDocument, { after: other })).toBe('BAD_USER_INPUT')
    for (const other of [page, inboxCursor, 'x', 'A'.repeat(128)])
      expect(await refusal(ann, changesDocument, { since: other })).toBe('BAD_USER_INPUT')
    for (const [document, name, cursor] of [
      [bootstrapDocument, 'after', page],
      [changesDocument, 'since', since],
    ] as const) {
      const bytes = Buffer.from(cursor, 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit += 7) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(await refusal(ann, document, { [name]: flipped.toString('base64url') })).toBe('BAD_USER_INPUT')
      }
      expect(await refusal(ann, document, { [name]: cursor })).toBeUndefined()
    }
  })

  test('work on another node', async () => {
    const { ann, direct } = await pair()
    const node = await app.node()
    const { since } = await bootstrap(ann)
    const answer = await ann.ask<{ syncChanges: { changed: unknown } }>(changesDocument, { since }, node)
    expect(answer.data?.syncChanges.changed).toEqual([{ conversationId: direct, latestSeq: 1 }])
  })
})

test('without an account there is nothing to ask', async () => {
  const asked = await fetch(app.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ syncChanges { since } }' }),
  })
  expect(await asked.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
})

describe('the model client', () => {
  test('has what the server has, whether it began with a bootstrap or with nothing', async () => {
    const { ann, ben, cid, group } = await trio()
    const early = new ModelClient(ben)
    await early.begin(2, 2)
    const first = await send(ann, group, 'one')
    await send(cid, group, 'two', { replyToId: first.id })
    await done(cid, 'setReaction', { messageId: first.id, emoji: '🎉', present: true })
    await done(ben, 'markRead', { conversationId: group, upToSeq: 3 })
    await early.catchUp(2)
    const late = new ModelClient(ben)
    await late.catchUp()
    const server = hashOf(await serverState(ben))
    expect(hashOf(early.state)).toBe(server)
    expect(hashOf(late.state)).toBe(server)
  })
})

describe('the loop of docs/offline-first.md', () => {
  test('has every message in the end, and forgets what one left', async () => {
    const { ann, ben, cid, group } = await trio()
    const known = new Map<string, { upTo: number; bodies: Map<number, string | null> }>()
    let since: string | undefined
    const kept: Kept = {
      since: async () => since,
      async keepSince(cursor) {
        since = cursor
      },
      upTo: async (id) => known.get(id)?.upTo,
      meet: async (id) => void known.set(id, { upTo: 0, bodies: new Map() }),
      forget: async (id) => void known.delete(id),
      async apply(id, changes, upToSeq) {
        const { bodies = new Map<number, string | null>() } = known.get(id) ?? {}
        for (const { message } of changes as { message?: { seq: number; body: string | null } }[])
          if (message) bodies.set(message.seq, message.body)
        known.set(id, { upTo: upToSeq, bodies })
      },
    }
    const asking: Ask = async (query, variables) => (await ben.ask(query, variables)).data as never
    const first = await send(ann, group, 'one')
    await catchUp(asking, kept)
    await done(ann, 'editMessage', { messageId: first.id, body: 'two' })
    for (let i = 0; i < 130; i++) await send(cid, group, `message ${i}`)
    await catchUp(asking, kept)
    expect(known.get(group)).toMatchObject({ upTo: 133 })
    expect([...(known.get(group)?.bodies.values() ?? [])].slice(0, 2)).toEqual(['two', 'message 0'])
    expect(known.get(group)?.bodies.size).toBe(131)
    await done(ben, 'leaveConversation', { conversationId: group })
    await catchUp(asking, kept)
    expect([...known.keys()]).not.toContain(group)
    expect(known.size).toBe(1)
  })
})
