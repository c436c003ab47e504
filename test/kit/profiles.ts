import { createId } from '../../src/platform/ids.ts'
import type { TestAccount } from './accounts.ts'
import type { TestApp } from './app.ts'
import { ask } from './gql.ts'
import type { Mailbox } from './mail.ts'

const error = '... on Error { code message }'
const mutation = (name: string, fields: string, errors = '') => {
  const type = name[0]?.toUpperCase() + name.slice(1)
  return `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Payload { ${fields} } ${errors} } }`
}

const profileFields = 'id username displayName bio campus { id name } major graduationYear passions'
const accountFields = `account { id username displayName email emailVerifiedAt profile { ${profileFields} } }`
const mailed = `${error} ... on MailedTokenError { reason }`
export const documents = {
  updateProfile: mutation('updateProfile', accountFields, `${error} ... on CampusNotYoursError { emailDomain }`),
  requestEmailVerification: mutation('requestEmailVerification', 'sentTo'),
  verifyEmail: mutation('verifyEmail', accountFields, mailed),
  requestAccountDeletion: mutation('requestAccountDeletion', 'expiresAt token', error),
  confirmAccountDeletion: mutation('confirmAccountDeletion', 'erasureId requestedAt', mailed),
}
export const profileDocument = `query ($id: ID!) { node(id: $id) { id ... on Profile { ${profileFields} } } }`
export const meDocument = `{ me { ${accountFields.slice('account { '.length, -2)} } }`

export interface ProfileNode {
  id: string
  username: string
  displayName: string
  bio: string
  campus: { id: string; name: string } | null
  major: string
  graduationYear: number | null
  passions: string[]
}

export interface AccountNode {
  id: string
  username: string
  displayName: string
  email: string | null
  emailVerifiedAt: string | null
  profile: ProfileNode
}

export interface Outcome {
  __typename: string
  code?: string
  reason?: string
  emailDomain?: string
  account?: AccountNode
  sentTo?: string
  token?: string | null
  expiresAt?: string
  erasureId?: string
  requestedAt?: string
}

/** What a mutation of the profiles came to: what it answered, or the code of what refused it. */
export async function call(
  account: Pick<TestAccount, 'ask'>,
  name: keyof typeof documents,
  input: object,
  server?: { url: string; wsUrl: string },
): Promise<Outcome> {
  const { data, errors } = await account.ask<Record<string, Outcome | null>>(documents[name], { input }, server)
  const outcome = data?.[name]
  if (outcome) return outcome
  const code = errors?.[0]?.extensions?.['code']
  return { __typename: 'refused', ...(typeof code === 'string' ? { code } : {}) }
}

export async function me(account: Pick<TestAccount, 'ask'>): Promise<AccountNode> {
  const { data, errors } = await account.ask<{ me: AccountNode }>(meDocument)
  if (!data?.me) throw new Error(`me: ${JSON.stringify(errors)}`)
  return data.me
}

/** Asks for a mail, lets it be sent, and gives back its token. */
export async function verified(
  app: TestApp,
  mailbox: Mailbox,
  account: TestAccount,
  email: string,
): Promise<AccountNode> {
  await call(account, 'requestEmailVerification', { email })
  await app.idle()
  const outcome = await call(account, 'verifyEmail', { token: mailbox.tokenFor(email) })
  if (!outcome.account) throw new Error(`verifyEmail: ${JSON.stringify(outcome)}`)
  return outcome.account
}

export async function createCampus(app: TestApp, emailDomain: string): Promise<{ id: string; raw: string }> {
  const raw = createId(app.clock.now())
  await app.postgres.pool.query(`insert into campuses values ($1, $2, 47.4, 8.5, $3)`, [
    raw,
    `of ${emailDomain}`,
    emailDomain,
  ])
  return { raw, id: Buffer.from(`Campus:${raw}`).toString('base64') }
}

/** The same account with a token that counts now, however far the clock was moved. */
export async function again(
  app: TestApp,
  { accountId }: Pick<TestAccount, 'accountId'>,
): Promise<Pick<TestAccount, 'ask'>> {
  const { accessToken: token } = await app.services.identity.mintSignIn(accountId)
  return { ask: (query, variables, server = app) => ask(server, query, variables, { token }) }
}
