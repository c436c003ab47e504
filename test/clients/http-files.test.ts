import { readdirSync } from 'node:fs'
import { createAccount } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { fillIn, readHttpFile } from '../kit/http-files.ts'

const folder = 'docs/http'
const files = readdirSync(folder).filter((name) => name.endsWith('.http'))

let app: TestApp
/** What a reader has to put in, where `npm start` prints it. */
const given = new Map<string, string>()
beforeAll(async () => {
  app = await createTestApp()
  const organizer = await createAccount(app)
  await app.postgres.pool.query(`update accounts set roles = '{ORGANIZER}' where id = $1`, [organizer.accountId])
  for (const name of ['moderator', 'secondModerator']) {
    const { accountId, username, password } = await createAccount(app)
    await app.postgres.pool.query(`update accounts set roles = '{MODERATOR}' where id = $1`, [accountId])
    given.set(name, username).set(`${name}Password`, password)
  }
  given.set('username', organizer.username).set('password', organizer.password)
})

/** What a request was answered; of a stream, its first event. */
async function ask(body: string, headers: Record<string, string>): Promise<unknown> {
  const { 'x-request-type': _, ...sent } = headers
  const response = await fetch(app.url, { method: 'POST', headers: sent, body })
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.json()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    const [, event] = /^data: (.*)\n\n/m.exec(text) ?? []
    // Leaving the loop leaves the stream.
    if (event !== undefined) return JSON.parse(event)
  }
  throw new Error('the stream ended without an event')
}

const namesOf = (value: unknown): string[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => (key === '__typename' ? [String(inner)] : namesOf(inner)))

test.each(files)('%s runs from top to bottom, and no request of it is refused', async (file) => {
  const { variables, requests } = readHttpFile(`${folder}/${file}`)
  const answers = new Map<string, unknown>()
  expect(requests.length).toBeGreaterThan(3)
  for (const { name, headers, query, variables: json, says } of requests) {
    const fill = (text: string) => fillIn(text, new Map([...variables, ...given]), answers, app.clock.now())
    const filled = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, fill(value)]))
    const answer = (await ask(JSON.stringify({ query, variables: JSON.parse(fill(json)) }), filled)) as object
    answers.set(name, answer)
    expect({
      says,
      refused: 'errors' in answer,
      typed: namesOf(answer).filter((type) => type.endsWith('Error')),
    }).toEqual({
      says,
      refused: false,
      typed: [],
    })
  }
})
