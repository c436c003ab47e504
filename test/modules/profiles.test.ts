import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createMailbox } from '../kit/mail.ts'
import { createPhone } from '../kit/phones.ts'
import { call, createCampus, me, type ProfileNode, profileDocument, verified } from '../kit/profiles.ts'
import { createStaff } from '../kit/staff.ts'

const mailbox = createMailbox()
let app: TestApp
beforeAll(async () => {
  app = await createTestApp({}, { mail: mailbox })
})

const change = (account: TestAccount, input: object) => call(account, 'updateProfile', input)
const openDocument = `mutation ($input: OpenDirectConversationInput!) { openDirectConversation(input: $input) { __typename } }`
const meet = (one: TestAccount, other: TestAccount) => one.ask(openDocument, { input: { username: other.username } })
async function seen(viewer: Pick<TestAccount, 'ask'>, profileId: string): Promise<ProfileNode | null | undefined> {
  return (await viewer.ask<{ node: ProfileNode | null }>(profileDocument, { id: profileId })).data?.node
}
const asToken = (token: string): Pick<TestAccount, 'ask'> => ({
  ask: (query, variables, server = app) => ask(server, query, variables, { token }),
})

describe('a profile', () => {
  test('is empty but for its name at first, and says what its person makes it say', async () => {
    const ann = await createAccount(app)
    const blank = { bio: '', campus: null, major: '', graduationYear: null, passions: [] }
    expect(await me(ann)).toMatchObject({
      displayName: ann.username,
      profile: { id: ann.profileId, username: ann.username, displayName: ann.username, ...blank },
    })
    const said = {
      displayName: 'Ann',
      bio: 'One\nTwo',
      major: 'Physics',
      graduationYear: 2027,
      passions: ['Go', 'jazz'],
    }
    expect(await change(ann, said)).toMatchObject({ account: { displayName: 'Ann', profile: said } })
    // What is not named stays.
    expect(await change(ann, { bio: 'Three' })).toMatchObject({ account: { profile: { ...said, bio: 'Three' } } })
    expect(await change(ann, {})).toMatchObject({ account: { profile: { ...said, bio: 'Three' } } })
    const cleared = { displayName: null, bio: null, campusId: null, major: null, graduationYear: null, passions: null }
    expect(await change(ann, cleared)).toMatchObject({ account: { profile: { displayName: ann.username, ...blank } } })
  })

  const eight = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg', 'hh']
  test.each([
    ['a name of one character', { displayName: 'A' }],
    ['a name of 64', { displayName: 'ä'.repeat(64) }],
    ['a bio of 500 families', { bio: '👨‍👩‍👧'.repeat(400) }],
    ['a major of 80', { major: 'x'.repeat(80) }],
    ['the first year', { graduationYear: 1900 }],
    ['the last year', { graduationYear: 2100 }],
    ['8 passions', { passions: eight }],
    ['a passion of 40', { passions: ['x'.repeat(40)] }],
    ['a name in other letters', { displayName: 'Ἀριστοτέλης' }],
  ])('takes %s', async (_name, input) => {
    expect(await change(await createAccount(app), input)).toMatchObject({ account: { profile: input } })
  })

  test.each([
    ['an empty name', { displayName: '' }],
    ['a name of spaces', { displayName: '  \u200b ' }],
    ['a name of 65', { displayName: 'x'.repeat(65) }],
    ['a name of two lines', { displayName: 'A\nB' }],
    ['a name with a NUL', { displayName: 'A\0' }],
    ['a name with half of a surrogate pair', { displayName: 'A\ud800' }],
    ['a name that turns the writing around', { displayName: 'A\u202eB' }],
    ['a bio of 501', { bio: 'x'.repeat(501) }],
    ['a major of 81', { major: 'x'.repeat(81) }],
    ['a year before 1900', { graduationYear: 1899 }],
    ['a year after 2100', { graduationYear: 2101 }],
    ['half a year', { graduationYear: 2000.5 }],
    ['9 passions', { passions: [...eight, 'ii'] }],
    ['a passion of one character', { passions: ['x'] }],
    ['a passion of 41', { passions: ['x'.repeat(41)] }],
    ['a passion twice', { passions: ['jazz', 'Jazz'] }],
    ['a passion twice, in other forms', { passions: ['caf\u00e9', 'CAFE\u0301'] }],
    ['a passion twice, with a sharp s', { passions: ['Straße', 'STRASSE'] }],
    ['no campus', { campusId: Buffer.from('Campus:01900000-0000-7000-8000-000000000000').toString('base64') }],
    ['what is no campus', { campusId: Buffer.from('Campus:*').toString('base64') }],
  ])('refuses %s', async (_name, input) => {
    const ann = await createAccount(app)
    const before = await me(ann)
    expect(await change(ann, input)).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await me(ann)).toEqual(before)
  })

  test('keeps text in one form', async () => {
    const ann = await createAccount(app)
    const input = { displayName: ' Zoe\u0308 ', bio: ' a\r\nb ', passions: [' Cafe\u0301 '] }
    expect(await change(ann, input)).toMatchObject({
      account: { profile: { displayName: 'Zo\u00eb', bio: 'a\nb', passions: ['Caf\u00e9'] } },
    })
  })

  test('names a campus only of whose domain an address is verified', async () => {
    const [campus, ann] = [await createCampus(app, 'college.example'), await createAccount(app)]
    const refused = { __typename: 'CampusNotYoursError', code: 'FORBIDDEN', emailDomain: 'college.example' }
    expect(await change(ann, { campusId: campus.id })).toMatchObject(refused)
    await call(ann, 'requestEmailVerification', { email: 'ann@college.example' })
    expect(await change(ann, { campusId: campus.id })).toMatchObject(refused)
    await verified(app, mailbox, ann, 'ann@college.example')
    const own = { account: { profile: { campus: { id: campus.id } } } }
    expect(await change(ann, { campusId: null })).toMatchObject({ account: { profile: { campus: null } } })
    expect(await change(ann, { campusId: campus.id })).toMatchObject(own)
    // Who has left keeps it, and does not get it back.
    await verified(app, mailbox, ann, 'ann@elsewhere.example')
    expect(await change(ann, { bio: 'gone', campusId: campus.id })).toMatchObject(own)
    await change(ann, { campusId: null })
    expect(await change(ann, { campusId: campus.id })).toMatchObject(refused)
  })

  test('is changed by two at once without losing what either said', async () => {
    const ann = await createAccount(app)
    for (let round = 0; round < 50; round += 1) {
      await Promise.all([change(ann, { bio: `bio ${round}` }), change(ann, { major: `major ${round}` })])
      expect(await me(ann)).toMatchObject({ profile: { bio: `bio ${round}`, major: `major ${round}` } })
    }
  })

  test('is changed by an account only', async () => {
    const phone = await createPhone(app)
    const document = 'mutation { updateProfile(input: { bio: "x" }) { __typename } }'
    expect(codeOf(await ask(app, document, {}, { token: phone.token }))).toBe('FORBIDDEN')
    expect(codeOf(await ask(app, document))).toBe('UNAUTHENTICATED')
  })

  test('is changed thirty times a minute', async () => {
    const limited = await createTestApp({ RATE_LIMITS: 'on' })
    const ann = await createAccount(limited)
    const codes = []
    for (let i = 0; i < 31; i += 1) codes.push((await change(ann, { bio: `${i}` })).code)
    expect(codes).toEqual([...Array.from({ length: 30 }, () => undefined), 'RATE_LIMITED'])
  })
})

describe('who sees a profile', () => {
  test('itself, whoever it shares or shared a conversation with, and ADMIN; for others it is not there', async () => {
    const [ann, ben, cyd] = [await createAccount(app), await createAccount(app), await createAccount(app)]
    const [phone, admin] = [await createPhone(app), await createStaff(app)]
    const moderator = await createStaff(app, 'MODERATOR')
    await meet(ann, ben)
    for (const viewer of [ann, ben, asToken(admin.token)])
      expect(await seen(viewer, ann.profileId)).toMatchObject({ id: ann.profileId, username: ann.username })
    for (const viewer of [cyd, phone, asToken(moderator.token)]) expect(await seen(viewer, ann.profileId)).toBeNull()
    expect(await seen(ben, cyd.profileId)).toBeNull()
  })

  test('nobody whom a block keeps from it, in either direction, until it is undone', async () => {
    const [ann, ben] = [await createAccount(app), await createAccount(app)]
    await meet(ann, ben)
    const { id } = await app.services.social.block(ann.accountId, ben.accountId)
    expect([await seen(ann, ben.profileId), await seen(ben, ann.profileId)]).toEqual([null, null])
    expect(await seen(ben, ben.profileId)).toMatchObject({ id: ben.profileId })
    await app.services.social.unblock([ann.accountId], id)
    expect(await seen(ben, ann.profileId)).toMatchObject({ id: ann.profileId })
  })

  test('finds many in one statement', async () => {
    const [ann, ...others] = await Promise.all(Array.from({ length: 20 }, () => createAccount(app)))
    const ids = others.map(({ accountId }) => accountId)
    const found = await app.services.profiles.byIds(null, [...ids, ...ids, ann?.accountId ?? ''])
    expect([...found.keys()].sort()).toEqual([...ids, ann?.accountId].sort())
  })
})
