import { createErasedName } from '../../src/modules/identity/erased.ts'
import { createAccount, newUsername, password, type TestAccount } from '../kit/accounts.ts'
import { act, look, nearby } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { openDirect, send } from '../kit/conversations.ts'
import { untilErased } from '../kit/erasing.ts'
import { eventually } from '../kit/eventually.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createMailbox } from '../kit/mail.ts'
import { createOrganizer, eventDocument, venueDocument } from '../kit/organizers.ts'
import { createPhone } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'
import { again, call, createCampus, me, profileDocument, verified } from '../kit/profiles.ts'
import { follow } from '../kit/socket.ts'
import { createStaff } from '../kit/staff.ts'
import { traces } from '../kit/stores.ts'

const mailbox = createMailbox()
let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await createTestApp({}, { mail: mailbox })
  other = await app.node()
})

const dayMs = 24 * 60 * 60 * 1000
const request = (account: Pick<TestAccount, 'ask'>, given = password) =>
  call(account, 'requestAccountDeletion', { password: given })
const confirm = (account: Pick<TestAccount, 'ask'>, token: unknown, on?: TestApp) =>
  call(account, 'confirmAccountDeletion', { token }, on)
const proofs = async (accountId: string, of = app) =>
  (
    await of.postgres.pool.query<{ kind: string; completed_at: Date | null; counts: Record<string, number> }>(
      'select kind, completed_at, counts from erasures where subject = $1',
      [createErasedName(of.config.secret)(accountId)],
    )
  ).rows

const erased = ({ accountId, token }: Pick<TestAccount, 'accountId' | 'token'>) =>
  untilErased([app, other], { personId: accountId, token }, async () => (await proofs(accountId))[0]?.completed_at)
async function remove(account: TestAccount): Promise<void> {
  const { token } = await request(account)
  expect(await confirm(account, token)).toMatchObject({ __typename: 'ConfirmAccountDeletionPayload' })
}
async function hold(accountId: string, held: boolean): Promise<void> {
  const { token } = await createStaff(app)
  const document = `mutation ($input: HoldAccountInput!) { holdAccount(input: $input) { ... on HoldAccountPayload { account { id } } } }`
  const { data } = await ask<{ holdAccount: unknown }>(
    app,
    document,
    { input: { accountId, held, reason: 'a case' } },
    { token },
  )
  expect(data?.holdAccount).toMatchObject({ account: expect.anything() })
}
describe('an account that deletes itself', () => {
  test('leaves no trace in any store or log, and the device it was on stays a device', async () => {
    const [phone, username] = [await createPhone(app), `kanarie${newUsername().slice(0, 12)}`]
    await phone.beat(zurich, new Date(app.clock.now()))
    const campus = await createCampus(app, 'kanariecampus.example')
    const [ann, ben] = [await createAccount(app, { username, onDevice: phone }), await createAccount(app)]
    await verified(app, mailbox, ann, 'kanariemail@kanariecampus.example')
    await call(ann, 'requestEmailVerification', { email: 'kanariepending@example.org' })
    const said = { displayName: 'kanariename', bio: 'kanariebio', major: 'kanariemajor', passions: ['kanariepassion'] }
    expect(await call(ann, 'updateProfile', said)).toMatchObject({
      account: { profile: { campus: { id: campus.id } } },
    })
    await send(ann, await openDirect(ben, ann), 'kanariebody')
    await app.services.social.block(ann.accountId, (await createAccount(app)).accountId)
    await app.services.social.setVisibility(ann.accountId, { ghost: true })

    const canaries = [
      ...[username, 'kanariemail', 'kanariepending', 'kanariename', 'kanariebio', 'kanariemajor', 'kanariepassion'],
      'kanariebody',
    ]
    for (const text of canaries) expect([text, (await traces(app, text)).length > 0]).toEqual([text, true])
    const names = await traces(app, ann.accountId)
    for (const part of [
      'accounts',
      'profiles',
      'sign_ins',
      'mailed_tokens',
      'blocks',
      'visibility_settings',
      'conversation_members',
      'conversation_entries',
    ])
      expect([part, names.some((name) => name.includes(part))]).toEqual([part, true])

    const stream = ann.follow<{ __typename: string }>('subscription { inbox { __typename } }', {}, other)
    await stream.next()
    expect(await request(ann)).toMatchObject({ token: null, expiresAt: expect.any(String) })
    await app.idle()
    expect(mailbox.subjectsTo('kanariemail@kanariecampus.example').at(-1)).toBe('Delete your account')
    const token = mailbox.tokenFor('kanariemail@kanariecampus.example')
    expect(await confirm(ann, token)).toMatchObject({ erasureId: expect.any(String), requestedAt: expect.any(String) })
    expect((await stream.ended).code).toBe(4410)
    await erased(ann)

    expect(await traces(app, ann.accountId)).toEqual([])
    for (const text of canaries) expect([text, await traces(app, text)]).toEqual([text, []])
    expect(await proofs(ann.accountId)).toMatchObject([
      { kind: 'ACCOUNT', completed_at: expect.any(Date), counts: { social: 2 } },
    ])
    // The other side keeps the conversation, without the one who is gone.
    expect((await ben.ask<{ node: unknown }>(profileDocument, { id: ann.profileId })).data?.node).toBeNull()
    expect(await me(ben)).toMatchObject({ username: ben.username })
    // The device is as it was.
    const alive = await phone.ask<{ viewer: { deviceId: string; account: null } }>(
      '{ viewer { deviceId account { id } } }',
    )
    expect(alive.data?.viewer).toEqual({ deviceId: phone.deviceId, account: null })
    expect(await phone.beat(zurich, new Date(app.clock.now()))).toMatchObject({ __typename: 'HeartbeatPayload' })
    // The name is anybody's.
    expect(await createAccount(app, { username })).toMatchObject({ username })
  })

  test('is not let in again by any of its tokens, on any node, before and after it is erased', async () => {
    const ann = await createAccount(app)
    await remove(ann)
    const refused = async (on: { url: string }) => codeOf(await ask(on, '{ me { id } }', {}, { token: ann.token }))
    expect(await refused(app)).toBe('SESSION_REVOKED')
    await eventually(
      () => refused(other),
      (code) => code === 'SESSION_REVOKED',
      1000,
    )
    await erased(ann)
    for (const node of [app, other, await app.node()])
      expect(['SESSION_REVOKED', 'UNAUTHENTICATED']).toContain(await refused(node))
  })

  test('is erased once, however often that is tried, and whatever dies half-way', async () => {
    const [ann, ben] = [await createAccount(app), await createAccount(app)]
    await openDirect(ann, ben)
    await remove(ann)
    // As if the process was killed before the last step, and whenever it tried again.
    await app.postgres.pool.query(`create function killed() returns trigger language plpgsql as $$ begin raise exception 'killed'; end $$;
      create trigger killed before delete on accounts for each row execute function killed()`)
    for (let i = 0; i < 2; i += 1) await app.jobs.add('erase-account', { accountId: ann.accountId })
    await app.idle()
    expect(await proofs(ann.accountId)).toMatchObject([{ completed_at: null }])
    const { rows } = await app.postgres.pool.query(
      'select username, email, password_hash, display_name from accounts where id = $1',
      [ann.accountId],
    )
    expect(rows).toEqual([
      { username: expect.stringMatching(/^deleted:[0-9a-f]{8}$/), email: null, password_hash: null, display_name: '' },
    ])
    // The name is free already, and a hold comes too late.
    expect(await createAccount(app, { username: ann.username })).toMatchObject({ username: ann.username })
    await app.postgres.pool.query('update accounts set held_at = now() where id = $1', [ann.accountId])
    await app.postgres.pool.query('drop trigger killed on accounts; drop function killed()')
    await app.postgres.pool.query('update graphile_worker._private_jobs set run_at = now()')
    await erased(ann)
    const [proof] = await proofs(ann.accountId)
    for (let i = 0; i < 2; i += 1) await app.jobs.add('erase-account', { accountId: ann.accountId })
    await Promise.all([app.idle(), other.idle()])
    expect(await proofs(ann.accountId)).toEqual([proof])
    expect(await traces(app, ann.accountId)).toEqual([])
  })

  test('can be another one under the same name', async () => {
    const username = newUsername()
    const first = await createAccount(app, { username })
    await remove(first)
    await erased(first)
    const second = await createAccount(app, { username })
    expect(await me(second)).toMatchObject({ username, profile: { bio: '' } })
    expect(second.accountId).not.toBe(first.accountId)
    await remove(second)
    await erased(second)
    expect(await proofs(first.accountId)).toHaveLength(1)
  })
})

describe('an organizer that deletes itself', () => {
  test('leaves no venue or event, and whoever joined is told that it is off', async () => {
    const organizer = await createOrganizer(app)
    const iso = (aheadMs: number) => new Date(app.clock.now() + aheadMs).toISOString()
    const venue = await organizer.venue({ name: 'kanarievenue' })
    await organizer.event(venue.id, { title: 'kanariedraft' })
    const past = await organizer.event(venue.id, {
      title: 'kanariepast',
      archiveMessages: true,
      startsAt: iso(1000),
      endsAt: iso(2000),
    })
    const event = await organizer.event(venue.id, {
      title: 'kanarieevent',
      startsAt: iso(60_000),
      endsAt: iso(3_600_000),
    })
    await organizer.publish(past.id)
    await organizer.publish(event.id)
    await app.idle()
    app.clock.advance(3000)
    await app.idle()
    const ben = await createPhone(app)
    await ben.beat(zurich, new Date(app.clock.now()))
    const id = (await nearby(ben)).edges.find(({ node }) => node.title === 'kanarieevent')?.node.id ?? ''
    await act(ben, 'joinActivity', { activityId: id })
    expect(await traces(app, organizer.accountId)).not.toEqual([])

    const document = 'subscription ($id: ID!) { activityEvents(id: $id) { __typename } }'
    const stream = follow<{ __typename: string }>(app, document, {
      token: ben.token,
      variables: { id },
    })
    await stream.next()
    await app.postgres.pool.query(
      `update accounts set password_hash = (select password_hash from accounts where password_hash is not null limit 1)
      where id = $1`,
      [organizer.accountId],
    )
    const owner: Pick<TestAccount, 'ask'> = {
      ask: (query, variables, server = app) => ask(server, query, variables, { token: organizer.token }),
    }
    const { token } = await request(owner)
    expect(await confirm(owner, token)).toMatchObject({ __typename: 'ConfirmAccountDeletionPayload' })
    await erased(organizer)

    const told = [await stream.next()]
    while (!['ActivityEnded', 'ActivityCancelled'].includes(told.at(-1)?.__typename ?? ''))
      told.push(await stream.next())
    stream.stop()
    expect(await look(ben, id)).toBeNull()
    for (const [query, node] of [
      [venueDocument, venue.id],
      [eventDocument, event.id],
      [eventDocument, past.id],
    ] as const)
      expect(codeOf(await ask(app, query, { id: node }))).toBe('NOT_FOUND')
    for (const text of [organizer.accountId, 'kanarievenue', 'kanariedraft', 'kanariepast', 'kanarieevent'])
      expect([text, await traces(app, text)]).toEqual([text, []])
    expect((await proofs(organizer.accountId))[0]?.counts).toMatchObject({ places: 4 })
  })
})

describe('to delete an account', () => {
  test('takes its password', async () => {
    const ann = await createAccount(app)
    expect(await request(ann, 'not the password')).toMatchObject({
      __typename: 'InvalidCredentialsError',
      code: 'UNAUTHENTICATED',
    })
    const { rows } = await app.postgres.pool.query('select 1 from mailed_tokens where account_id = $1', [ann.accountId])
    expect(rows).toEqual([])
    expect(await request(ann)).toMatchObject({ token: expect.stringMatching(/^[A-Za-z0-9_-]{64}$/) })
  })

  test('takes an account: a device has deleteDevice', async () => {
    const phone = await createPhone(app)
    for (const [name, field] of [
      ['requestAccountDeletion', 'password'],
      ['confirmAccountDeletion', 'token'],
    ] as const) {
      const document = `mutation { ${name}(input: { ${field}: "x" }) { __typename } }`
      expect(codeOf(await ask(app, document, {}, { token: phone.token }))).toBe('FORBIDDEN')
      expect(codeOf(await ask(app, document))).toBe('UNAUTHENTICATED')
    }
  })

  test('takes the newest token, of that account, within 24 hours, once', async () => {
    const node = await createTestApp({}, { mail: mailbox })
    const [ann, ben] = [await createAccount(node), await createAccount(node)]
    const { token: first } = await request(ann)
    const { token: second } = await request(ann)
    expect(await confirm(ann, first)).toMatchObject({ __typename: 'MailedTokenError', reason: 'UNKNOWN' })
    expect(await confirm(ben, second)).toMatchObject({ reason: 'UNKNOWN' })
    expect(await call(ann, 'verifyEmail', { token: second })).toMatchObject({ reason: 'UNKNOWN' })
    node.clock.advance(dayMs)
    expect(await confirm(await again(node, ann), second)).toMatchObject({ reason: 'EXPIRED' })
    const later = await again(node, ann)
    const { token: third } = await request(later)
    const both = await Promise.all([confirm(later, third), confirm(later, third)])
    // The second one is refused by its token, or by itself.
    expect(both.map(({ __typename }) => __typename)).toContain('ConfirmAccountDeletionPayload')
    expect(both.filter(({ reason, code }) => reason === 'USED' || code === 'SESSION_REVOKED')).toHaveLength(1)
    expect(await proofs(ann.accountId, node)).toHaveLength(1)
  })

  test('can be tried twice a day', async () => {
    const limited = await createTestApp({ RATE_LIMITS: 'on' }, { mail: mailbox })
    const ann = await createAccount(limited)
    const codes = []
    for (let i = 0; i < 3; i += 1) codes.push((await request(ann)).code)
    expect(codes).toEqual([undefined, undefined, 'RATE_LIMITED'])
  })

  test('a token that is mailed is told nowhere else, and not any more once it is too late', async () => {
    const [ann, email] = [await createAccount(app), `${newUsername()}@example.org`]
    await verified(app, mailbox, ann, email)
    mailbox.down = true
    expect(await request(ann)).toMatchObject({ token: null })
    await app.idle()
    mailbox.down = false
    await app.postgres.pool.query(`update mailed_tokens set expires_at = created_at where account_id = $1`, [
      ann.accountId,
    ])
    await app.postgres.pool.query('update graphile_worker._private_jobs set run_at = now()')
    await app.idle()
    expect(mailbox.subjectsTo(email)).toEqual(['Verify your e-mail address'])
    await request(ann)
    await app.idle()
    expect(mailbox.subjectsTo(email)).toEqual(['Verify your e-mail address', 'Delete your account'])
    expect(await traces(app, mailbox.tokenFor(email))).toEqual([])
  })
})

describe('an account on hold', () => {
  const onHold = { __typename: 'AccountOnHoldError', code: 'CONFLICT' }

  test('is not deleted: not at the first step, not at the second', async () => {
    const ann = await createAccount(app)
    await hold(ann.accountId, true)
    expect(await request(ann)).toMatchObject(onHold)
    await hold(ann.accountId, false)
    const { token } = await request(ann)
    await hold(ann.accountId, true)
    expect(await confirm(ann, token)).toMatchObject(onHold)
    expect(await me(ann)).toMatchObject({ username: ann.username })
    expect(await proofs(ann.accountId)).toEqual([])
    await hold(ann.accountId, false)
    // The token was not used up by that.
    expect(await confirm(ann, token)).toMatchObject({ __typename: 'ConfirmAccountDeletionPayload' })
  })

  test('is not erased by the job either, until the hold ends', async () => {
    const ann = await createAccount(app)
    await call(ann, 'updateProfile', { bio: 'kanarieheld' })
    await remove(ann)
    await app.postgres.pool.query('update accounts set held_at = now() where id = $1', [ann.accountId])
    await app.jobs.add('erase-account', { accountId: ann.accountId })
    await app.idle()
    expect(await proofs(ann.accountId)).toMatchObject([{ completed_at: null }])
    expect(await traces(app, 'kanarieheld')).toContain('public.profiles')
    // It is looked at again within the hour.
    const { rows } = await app.postgres.pool.query<{ late: boolean }>(
      `select run_at > now() + interval '59 minutes' as late from graphile_worker.jobs where key = $1`,
      [`erase-account:${ann.accountId}`],
    )
    expect(rows).toEqual([{ late: true }])
    await app.postgres.pool.query('update accounts set held_at = null where id = $1', [ann.accountId])
    await app.postgres.pool.query('update graphile_worker._private_jobs set run_at = now()')
    await erased(ann)
    expect(await traces(app, 'kanarieheld', ann.accountId)).toEqual([])
  })
})
