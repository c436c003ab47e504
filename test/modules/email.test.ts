import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createAccount, loginDocument, newUsername, password, registerDocument } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { rounds } from '../kit/fuzz.ts'
import { ask, codeOf } from '../kit/gql.ts'
import { createMailbox } from '../kit/mail.ts'
import { newClientId } from '../kit/phones.ts'
import { again, call, createCampus, me, verified } from '../kit/profiles.ts'
import { traces } from '../kit/stores.ts'

const mailbox = createMailbox()
let app: TestApp
let limited: TestApp
beforeAll(async () => {
  app = await createTestApp({}, { mail: mailbox })
  limited = await createTestApp({ RATE_LIMITS: 'on' }, { mail: mailbox })
})

const dayMs = 24 * 60 * 60 * 1000
let addresses = 0
function newAddress(domain = 'example.org') {
  addresses += 1
  return `person${addresses}@${domain}`
}

describe('an e-mail address', () => {
  test('is verified by the token that was mailed to it, on any node', async () => {
    const [ann, email, other] = [await createAccount(app), newAddress(), await app.node()]
    expect(await call(ann, 'requestEmailVerification', { email })).toMatchObject({ sentTo: email })
    expect(await me(ann)).toMatchObject({ email, emailVerifiedAt: null })
    await app.idle()
    expect(mailbox.subjectsTo(email)).toEqual(['Verify your e-mail address'])
    expect(mailbox.letters.at(-1)?.text).toContain(ann.username)
    const outcome = await call(ann, 'verifyEmail', { token: mailbox.tokenFor(email) }, other)
    expect(outcome).toMatchObject({
      __typename: 'VerifyEmailPayload',
      account: { email, emailVerifiedAt: expect.any(String) },
    })
  })

  test('that is verified signs in', async () => {
    const [ann, email] = [await createAccount(app), newAddress()]
    const login = async () => {
      const { data } = await ask<{ login: { __typename: string } }>(app, loginDocument, {
        input: { username: email, password },
      })
      return data?.login.__typename
    }
    await call(ann, 'requestEmailVerification', { email })
    expect(await login()).toBe('InvalidCredentialsError')
    await verified(app, mailbox, ann, email)
    expect(await login()).toBe('LoginPayload')
  })

  test('that is verified is worth some trust, and another one no more', async () => {
    const ann = await createAccount(app)
    for (let i = 0; i < 2; i++) await verified(app, mailbox, ann, newAddress())
    const standings = await app.services.gate.standings.of([ann.accountId])
    expect(standings.get(ann.accountId)).toMatchObject({ trust: 55 })
  })

  test('given at registration gets a token by itself', async () => {
    const email = newAddress()
    const input = { clientId: newClientId(), username: newUsername(), password, email }
    await ask(app, registerDocument, { input })
    await app.idle()
    expect(mailbox.subjectsTo(email)).toEqual(['Verify your e-mail address'])
  })

  test('stays the account’s while another one waits to be verified', async () => {
    const [ann, first, second] = [await createAccount(app), newAddress(), newAddress()]
    await verified(app, mailbox, ann, first)
    await call(ann, 'requestEmailVerification', { email: second })
    expect(await me(ann)).toMatchObject({ email: first, emailVerifiedAt: expect.any(String) })
    // Without an address, it is the one that waits.
    expect(await call(ann, 'requestEmailVerification', {})).toMatchObject({ sentTo: second })
    await app.idle()
    await call(ann, 'verifyEmail', { token: mailbox.tokenFor(second) })
    expect(await me(ann)).toMatchObject({ email: second })
  })

  test('that is verified already is not mailed to, and that is not told', async () => {
    const [ann, first, second] = [await createAccount(app), newAddress(), newAddress()]
    await verified(app, mailbox, ann, first)
    await call(ann, 'requestEmailVerification', { email: second })
    await app.idle()
    expect(await call(ann, 'requestEmailVerification', { email: first.toUpperCase() })).toMatchObject({
      __typename: 'RequestEmailVerificationPayload',
    })
    await app.idle()
    expect(mailbox.subjectsTo(first)).toHaveLength(1)
    // Going back to it ends the wish for the other.
    expect(await call(ann, 'verifyEmail', { token: mailbox.tokenFor(second) })).toMatchObject({ reason: 'UNKNOWN' })
  })

  test('of another account is asked for like any other, and taken by nobody', async () => {
    const [ann, ben, email] = [await createAccount(app), await createAccount(app), newAddress()]
    const [asked, again] = [
      await call(ann, 'requestEmailVerification', { email }),
      await call(ben, 'requestEmailVerification', { email }),
    ]
    expect(again).toEqual(asked)
    await app.idle()
    const tokens = mailbox.letters
      .filter(({ to }) => to === email)
      .map(({ text }) => [text.includes(ann.username), text.match(/^[A-Za-z0-9_-]{64}$/m)?.[0]])
    const [annToken, benToken] = [true, false].map((annas) => tokens.find(([whose]) => whose === annas)?.[1])
    expect(await call(ann, 'verifyEmail', { token: annToken })).toMatchObject({ account: { email } })
    expect(await call(ben, 'verifyEmail', { token: benToken })).toMatchObject({
      __typename: 'EmailTakenError',
      code: 'CONFLICT',
    })
    // In other letters it is the same one.
    const capitals = `PERSON${email.slice('person'.length)}`
    await call(ben, 'requestEmailVerification', { email: capitals })
    await app.idle()
    expect(await call(ben, 'verifyEmail', { token: mailbox.tokenFor(capitals) })).toMatchObject({
      __typename: 'EmailTakenError',
    })
    expect(await me(ben)).toMatchObject({ emailVerifiedAt: null })
  })

  test('of which two accounts have a token is verified by one of them, many times on two nodes', async () => {
    const nodes = [app, await app.node()]
    const accounts = await Promise.all(Array.from({ length: 40 }, () => createAccount(app)))
    const pairs = Array.from({ length: 20 }, (_, i) => accounts.slice(2 * i, 2 * i + 2))
    for (let round = 0; round < rounds(50); round += 1) {
      const outcomes = await Promise.all(
        pairs.map(async (pair) => {
          const email = newAddress('race.example')
          // As if both had been mailed to.
          const tokens = pair.map(() => randomBytes(48).toString('base64url'))
          for (const [i, { accountId }] of pair.entries())
            await app.postgres.pool.query(
              `insert into mailed_tokens (hash, account_id, purpose, email, expires_at)
               values (sha256($1::bytea), $2, 'VERIFY_EMAIL', $3, now() + interval '1 day')`,
              [Buffer.from(tokens[i] ?? ''), accountId, email],
            )
          return Promise.all(
            pair.map((one, i) => call(one, 'verifyEmail', { token: tokens[i] }, nodes[(i + round) % 2])),
          )
        }),
      )
      for (const outcome of outcomes)
        expect(outcome.map(({ __typename }) => __typename).sort()).toEqual(['EmailTakenError', 'VerifyEmailPayload'])
    }
  }, 120_000)

  test('needs to be given once', async () => {
    const ann = await createAccount(app)
    expect(await call(ann, 'requestEmailVerification', {})).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(await call(ann, 'requestEmailVerification', { email: null })).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test.each([
    ['a name, a plus and a tag', ' Ann+tag@Example.ORG ', 'Ann+tag@example.org'],
    ['a domain in another script', 'ann@bücher.example', 'ann@xn--bcher-kva.example'],
    ['a line after it', 'ann1@example.org\r\n', 'ann1@example.org'],
  ])('66: %s is kept in one form', async (_name, email, sentTo) => {
    expect(await call(await createAccount(app), 'requestEmailVerification', { email })).toMatchObject({ sentTo })
  })

  test.each([
    ['no domain', 'ann'],
    ['a bare host', 'a@b'],
    ['nothing', ''],
    ['another header', 'a@example.org\r\nBcc: b@example.org'],
    ['another header before it', 'Bcc: b@example.org\r\n a@example.org'],
    ['another recipient', 'a@example.org,b@example.org'],
    ['a name around it', 'Ann <a@example.org>'],
    ['a quoted name', '"a b"@example.org'],
    ['a name in another script', 'bücher@example.org'],
    ['a number', 'a@127.0.0.1'],
    ['a number in brackets', 'a@[127.0.0.1]'],
    ['a path', 'a@example.org/b.example'],
    ['a percent', 'a@%65xample.org'],
    ['two dots', 'a..b@example.org'],
    ['two ats', 'a@b@example.org'],
    ['a NUL', 'a\0@example.org'],
    ['half of a surrogate pair', 'a\ud800@example.org'],
    ['255 characters', `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(65)}.org`],
    ['a name of 65', `${'a'.repeat(65)}@example.org`],
    ['a megabyte', `${'a'.repeat(60_000)}@example.org`],
  ])('66: %s is refused', async (_name, email) => {
    await app.idle()
    const before = mailbox.letters.length
    expect(await call(await createAccount(app), 'requestEmailVerification', { email })).toMatchObject({
      code: 'BAD_USER_INPUT',
    })
    await app.idle()
    expect(mailbox.letters).toHaveLength(before)
  })

  test('is mailed to three times an hour, whoever asks', async () => {
    const [ann, ben, email] = [await createAccount(limited), await createAccount(limited), newAddress()]
    const codes: unknown[] = []
    for (const who of [ann, ben, ann, ben]) codes.push((await call(who, 'requestEmailVerification', { email })).code)
    expect(codes).toEqual([undefined, undefined, undefined, 'RATE_LIMITED'])
    // The address is in no key.
    expect((await traces(limited, email)).filter((name) => !name.startsWith('public.'))).toEqual([])
  })

  test('cannot be asked for by a device or nobody', async () => {
    const nobody = await ask(app, 'mutation { requestEmailVerification(input: {}) { __typename } }')
    expect(codeOf(nobody)).toBe('UNAUTHENTICATED')
  })
})

describe('a token that was mailed', () => {
  async function asked() {
    const [ann, email] = [await createAccount(app), newAddress()]
    await call(ann, 'requestEmailVerification', { email })
    await app.idle()
    return { ann, email, token: mailbox.tokenFor(email) }
  }

  test('counts once', async () => {
    const { ann, token } = await asked()
    const both = await Promise.all([call(ann, 'verifyEmail', { token }), call(ann, 'verifyEmail', { token })])
    expect(both.map(({ reason }) => reason).sort()).toEqual(['USED', undefined])
  })

  test('counts for 24 hours from its mail on', async () => {
    const node = await createTestApp({}, { mail: mailbox })
    const [ann, email] = [await createAccount(node), newAddress()]
    await call(ann, 'requestEmailVerification', { email })
    await node.idle()
    const token = mailbox.tokenFor(email)
    node.clock.advance(dayMs)
    const later = await again(node, ann)
    expect(await call(later, 'verifyEmail', { token })).toMatchObject({ reason: 'EXPIRED', code: 'BAD_USER_INPUT' })
    // A week later it is forgotten.
    node.clock.advance(8 * dayMs)
    await node.jobs.add('drop-mailed-tokens')
    await node.idle()
    const { rows: left } = await node.postgres.pool.query('select 1 from mailed_tokens')
    expect(left).toEqual([])
  })

  test('is replaced by the next one', async () => {
    const { ann, email, token } = await asked()
    await call(ann, 'requestEmailVerification', {})
    expect(await call(ann, 'verifyEmail', { token })).toMatchObject({ reason: 'UNKNOWN' })
    await app.idle()
    expect(await call(ann, 'verifyEmail', { token: mailbox.tokenFor(email) })).toMatchObject({ account: { email } })
  })

  test.each(['', 'a', 'a'.repeat(64), 'a'.repeat(1000), '%'.repeat(64), '../../etc'])(
    'made up as %j is unknown',
    async (token) => {
      expect(await call(await createAccount(app), 'verifyEmail', { token })).toMatchObject({ reason: 'UNKNOWN' })
    },
  )

  test('is unknown to another account, and to another purpose', async () => {
    const { ann, token } = await asked()
    expect(await call(await createAccount(app), 'verifyEmail', { token })).toMatchObject({ reason: 'UNKNOWN' })
    expect(await call(ann, 'confirmAccountDeletion', { token })).toMatchObject({ reason: 'UNKNOWN' })
    expect(await call(ann, 'verifyEmail', { token })).toMatchObject({ __typename: 'VerifyEmailPayload' })
  })

  test('can be read nowhere but in the mail', async () => {
    mailbox.down = true
    const [ann, email] = [await createAccount(app), newAddress()]
    await call(ann, 'requestEmailVerification', { email })
    await app.idle()
    const { rows } = await app.postgres.pool.query<{
      text: string
    }>(`select j::text || coalesce(p.payload::text, '') as text
      from graphile_worker.jobs j join graphile_worker._private_jobs p on p.id = j.id where j.task_identifier = 'send-mail'`)
    expect(rows).toHaveLength(1)
    expect(rows[0]?.text).not.toContain(email)
    mailbox.down = false
    await eventually(
      async () => {
        await app.postgres.pool.query('update graphile_worker._private_jobs set run_at = now()')
        await app.idle()
        return mailbox.subjectsTo(email).length
      },
      (count) => count === 1,
    )
    expect(await traces(app, mailbox.tokenFor(email))).toEqual([])
    expect(await call(ann, 'verifyEmail', { token: mailbox.tokenFor(email) })).toMatchObject({ account: { email } })
  })
})

describe('a campus', () => {
  test('is that of the address, if none was chosen', async () => {
    const [eth, uzh] = [await createCampus(app, 'eth.example'), await createCampus(app, 'uzh.example')]
    const ann = await createAccount(app)
    expect(await verified(app, mailbox, ann, newAddress('example.org'))).toMatchObject({ profile: { campus: null } })
    expect(await verified(app, mailbox, ann, newAddress('student.eth.example'))).toMatchObject({
      profile: { campus: null },
    })
    expect(await verified(app, mailbox, ann, newAddress('ETH.example'.toLowerCase()))).toMatchObject({
      profile: { campus: { id: eth.id } },
    })
    expect(await verified(app, mailbox, ann, newAddress('uzh.example'))).toMatchObject({
      profile: { campus: { id: eth.id } },
    })
    expect(await call(ann, 'updateProfile', { campusId: uzh.id })).toMatchObject({
      account: { profile: { campus: { id: uzh.id } } },
    })
  })
})

describe('without a mail server', () => {
  test('a newcomer finds the mail in the log', async () => {
    const node = await createTestApp()
    const [ann, email] = [await createAccount(node), newAddress()]
    await call(ann, 'requestEmailVerification', { email })
    await node.idle()
    const text = node.logs.map(({ message }) => message).find((message) => message.includes(email))
    const token = text?.match(/^ {2}([A-Za-z0-9_-]{64})$/m)?.[1]
    expect(await call(ann, 'verifyEmail', { token })).toMatchObject({ account: { email } })
  })

  test('in production the mail waits, and nothing of it is logged', async () => {
    const node = await createTestApp({ NODE_ENV: 'production' })
    const [ann, email] = [await createAccount(node), newAddress()]
    await call(ann, 'requestEmailVerification', { email })
    await node.idle()
    expect(node.logs).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('SMTP_URL') }),
    )
    expect(node.logs).toContainEqual(
      expect.objectContaining({ message: 'job failed, will be tried again', job: 'send-mail' }),
    )
    expect(JSON.stringify(node.logs)).not.toContain(email)
    expect(JSON.stringify(node.logs)).not.toMatch(/[A-Za-z0-9_-]{64}/)
    const { rows } = await node.postgres.pool.query(
      `select 1 from graphile_worker.jobs where task_identifier = 'send-mail'`,
    )
    expect(rows).toHaveLength(1)
  })
})

describe('by SMTP', () => {
  let server: Server
  const received: string[] = []
  const sockets = new Set<Socket>()
  /** Also what a client keeps open for its next mail. */
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve)
      for (const socket of sockets) socket.destroy()
    })
  afterAll(stop)

  /** Speaks just enough SMTP to take a mail. */
  function listen(answer: (command: string) => string | undefined = () => undefined, port = 0): Promise<number> {
    server = createServer((socket) => {
      sockets.add(socket)
      let [inData, text] = [false, '']
      const say = (line: string) => void socket.write(`${line}\r\n`)
      socket.on('error', () => undefined)
      say('220 mail.example')
      socket.on('data', (chunk) => {
        text += chunk
        if (inData && text.includes('\r\n.\r\n')) {
          received.push(text)
          ;[inData, text] = [false, '']
          say('250 taken')
          return
        }
        if (inData || !text.endsWith('\r\n')) return
        const command = text.trim()
        text = ''
        if (/^data/i.test(command)) inData = true
        else if (!/^(ehlo|helo)/i.test(command)) received.push(command)
        say(answer(command) ?? (/^data/i.test(command) ? '354 go on' : '250 fine'))
      })
    })
    return new Promise((resolve) =>
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    )
  }

  test('what a server says when it refuses is kept nowhere', async () => {
    const port = await listen((command) => (/^rcpt/i.test(command) ? `550 nobody is called ${command}` : undefined))
    const node = await createTestApp({ SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'no-reply@vicinity.example' })
    const [ann, email] = [await createAccount(node), newAddress()]
    await call(ann, 'requestEmailVerification', { email })
    await node.idle()
    expect(received).toContain(`RCPT TO:<${email}>`)
    expect((await traces(node, email)).sort()).toEqual(['public.accounts', 'public.mailed_tokens'])
    received.length = 0
    await stop()
  })

  test('a server that is away delays a mail, and loses none', async () => {
    const port = await listen()
    await stop()
    const node = await createTestApp({
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      MAIL_FROM: 'Vicinity <no-reply@vicinity.example>',
    })
    const [ann, email] = [await createAccount(node), "o'neil+tag@example.org"]
    expect(await call(ann, 'requestEmailVerification', { email })).toMatchObject({ sentTo: email })
    await node.idle()
    expect(received).toEqual([])
    await listen(undefined, port)
    await node.postgres.pool.query('update graphile_worker._private_jobs set run_at = now()')
    await node.idle()
    const [from, to, mail = ''] = received
    expect([from, to]).toEqual(['MAIL FROM:<no-reply@vicinity.example>', `RCPT TO:<${email}>`])
    const [head = '', body = ''] = mail.split('\r\n\r\n')
    expect(head).toContain(`To: ${email}`)
    expect(head.match(/^(to|cc|bcc|subject|from):/gim)).toHaveLength(3)
    const token = mail.replaceAll('=\r\n', '').match(/^([A-Za-z0-9_-]{64})\r$/m)?.[1]
    expect(body).toContain('Hello')
    expect(await call(ann, 'verifyEmail', { token })).toMatchObject({ account: { email } })
  })
})
