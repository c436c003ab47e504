import { createAccount } from '../kit/accounts.ts'
import { createTestApp } from '../kit/app.ts'
import { openDirect } from '../kit/conversations.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createPhone, type OpenSession, openDocument } from '../kit/phones.ts'

test('the secret of a session is the device’s, whoever opened it: nothing of the account is to be had with it', async () => {
  const app = await createTestApp()
  const phone = await createPhone(app)
  const ann = await createAccount(app, { onDevice: phone })
  const conversation = await openDirect(ann, await createAccount(app))
  const opened = await ann.ask<{ openSession: OpenSession }>(openDocument, {
    input: { clientId: 'abcdefgh', interests: ['jazz'] },
  })
  const token = opened.data?.openSession.secret
  const tell = (query: string, variables = {}) => ask(app, query, variables, { token })
  expect((await tell('{ me { id } viewer { account { id } deviceId } }')).data).toEqual({
    ...{ me: null, viewer: { account: null, deviceId: phone.deviceId } },
  })
  const refused = [
    ...['{ conversations { edges { cursor } } }', '{ syncBootstrap { since } }', '{ syncChanges { since } }'],
    ...['query ($id: ID!) { conversation(id: $id) { id } }'],
    'mutation { updateProfile(input: { bio: "mine" }) { __typename } }',
    'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, clientId: "abcdefgh", body: "so" }) { __typename } }',
  ]
  for (const query of refused)
    expect(codeOf(await tell(query, query.includes('$id') ? { id: conversation } : {}))).toBe('FORBIDDEN')
  expect((await tell('query ($id: ID!) { node(id: $id) { id } }', { id: conversation })).data).toEqual({ node: null })
})
