import { createAccount, type TestAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { bodiesOf, conversationOf, done, openDirect, outcome, send } from '../kit/conversations.ts'
import { newClientId } from '../kit/phones.ts'

let app: TestApp
let ann: TestAccount
let ben: TestAccount
let direct: string
beforeAll(async () => {
  app = await createTestApp()
  ann = await createAccount(app)
  ben = await createAccount(app)
  direct = await openDirect(ann, ben)
})

describe('sending', () => {
  test('a message has the next position, and both read it as it was written', async () => {
    const { latestSeq } = await conversationOf(ann, direct)
    const clientId = newClientId()
    const sent = await done(ann, 'sendMessage', { conversationId: direct, clientId, body: ' Grüezi!\r\nWie gaht’s? ' })
    expect(sent).toMatchObject({
      created: true,
      sentMessage: { seq: latestSeq + 1, clientId, body: 'Grüezi!\nWie gaht’s?', sender: { id: ann.profileId } },
    })
    for (const who of [ann, ben]) expect((await bodiesOf(who, direct)).at(-1)).toBe('Grüezi!\nWie gaht’s?')
  })

  test('the same one again is the same, created once', async () => {
    const input = { conversationId: direct, clientId: newClientId(), body: 'once' }
    const first = await done(ann, 'sendMessage', input)
    const again = await done(ann, 'sendMessage', input)
    expect(again).toEqual({ ...first, created: false })
    expect((await bodiesOf(ben, direct)).filter((body) => body === 'once')).toHaveLength(1)
  })

  test('a key of before with other words is a mismatch', async () => {
    const clientId = newClientId()
    await send(ann, direct, 'one thing', { clientId })
    expect(await outcome(ann, 'sendMessage', { conversationId: direct, clientId, body: 'another' })).toMatchObject({
      __typename: 'IdempotencyMismatchError',
    })
  })
})
