import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { OpenDirectConversationText, SendMessageText } from '../../sdk/src/operations.ts'
import { newUsername, password } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { type Browser, findChromium, mustBeTried, openBrowser } from '../kit/chromium.ts'
import { eventually } from '../kit/eventually.ts'
import { newClientId } from '../kit/phones.ts'
import { connect } from '../kit/sdk.ts'

const executable = findChromium()

if (executable) {
  describe('the SDK in a browser', () => inBrowser(executable))
} else {
  test('no Chromium found, so the SDK was not tried in one: set CHROMIUM_PATH', () => {
    expect(mustBeTried()).toBe(false)
  })
}

function inBrowser(path: string) {
  let app: TestApp
  let browser: Browser
  let site: Server
  let origin: string
  const complaints: string[] = []

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: ['test/browser/sdk-page.ts'],
      ...{ bundle: true, write: false, format: 'iife', platform: 'browser', target: 'es2022' },
      define: { 'process.env.NODE_ENV': '"production"' },
    })
    const [script] = outputFiles ?? []
    const html = `<!doctype html><meta charset="utf-8"><div id="root"></div><script>${script?.text.replaceAll('</script', '<\\/script')}</script>`
    site = createServer((_, res) => res.setHeader('content-type', 'text/html').end(html)).listen(0, '127.0.0.1')
    await once(site, 'listening')
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    app = await createTestApp({ ALLOWED_ORIGINS: origin })
    browser = await openBrowser(path)
  })
  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  /** A tab of the app, whose pages come from another origin than the API. */
  async function openTab(how = ''): Promise<Page> {
    const page = await browser.page.context().newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${origin}/?api=${encodeURIComponent(app.url)}&how=${how}`)
    return page
  }

  const says = (page: Page, id: string, value: unknown) =>
    eventually(
      async () => {
        const [text] = await page.locator(`#${id}`).allTextContents()
        return text
      },
      (text) => text === JSON.stringify(value),
      10_000,
    )

  async function register(page: Page): Promise<string> {
    const username = newUsername()
    await page.fill('#username', username)
    await page.click('#register')
    await says(page, 'me', username)
    return username
  }

  /** Somebody who writes to them. */
  async function writesTo(username: string) {
    const client = connect(app)
    await client.auth.register({ username: newUsername(), password })
    const { openDirectConversation: opened } = await client.mutate(OpenDirectConversationText, { input: { username } })
    if (opened?.__typename !== 'OpenDirectConversationPayload') throw new Error(JSON.stringify(opened))
    const conversationId = opened.conversation.id
    return (body: string) =>
      client.mutate(SendMessageText, { input: { conversationId, clientId: newClientId(), body } })
  }

  test('hooks show who is signed in, what is said to them, and what they change', async () => {
    const page = await openTab()
    await says(page, 'status', 'signed-out')
    const username = await register(page)
    await says(page, 'status', 'signed-in')
    await says(page, 'online', 'online')
    const write = await writesTo(username)
    for (const word of ['one', 'two', 'three']) await write(word)
    await says(page, 'said', ['one', 'two', 'three'])
    await page.click('#rename')
    await says(page, 'updated', 'UpdateProfilePayload')
    await says(page, 'name', username)
    await page.click('#refetch')
    await says(page, 'name', 'Somebody')
    await page.click('#logout')
    await says(page, 'status', 'signed-out')
    await page.close()
  })

  test('who registers while somebody else is signed in is shown their own', async () => {
    const page = await openTab()
    await register(page)
    await says(page, 'online', 'online')
    const username = await register(page)
    await says(page, 'error', null)
    await says(page, 'online', 'online')
    await (await writesTo(username))('to the second')
    await says(page, 'said', ['to the second'])
    await page.click('#logout')
    await says(page, 'status', 'signed-out')
    await page.close()
  })

  test('two tabs refresh once between them, follow their streams on, and sign out together', async () => {
    const first = await openTab()
    const username = await register(first)
    const second = await openTab()
    const spent: string[] = []
    for (const page of [first, second]) {
      await says(page, 'me', username)
      await says(page, 'online', 'online')
      page.on('request', (request) => {
        const text = request.postData() ?? ''
        if (text.includes('mutation Refresh')) spent.push(text)
      })
    }
    const write = await writesTo(username)
    await write('before')
    for (let round = 0; round < 3; round += 1) {
      app.clock.advance(16 * 60_000)
      await Promise.all([first, second].map((page) => page.click('#refetch')))
      await write(`after ${round}`)
      for (const page of [first, second]) {
        await says(page, 'said', ['before', ...Array.from({ length: round + 1 }, (_, at) => `after ${at}`)])
        await says(page, 'error', null)
        await says(page, 'me', username)
      }
    }
    expect(spent.length).toBeGreaterThanOrEqual(3)
    expect(new Set(spent).size).toBe(spent.length)
    await first.click('#logout')
    await says(second, 'status', 'signed-out')
    for (const page of [first, second]) await page.close()
  })

  test('with a cookie a reload goes on as the same account, and no script can read what it is kept in', async () => {
    const page = await openTab('cookie')
    await says(page, 'status', 'signed-out')
    const username = await register(page)
    await page.reload()
    await says(page, 'me', username)
    const readable = await page.evaluate(
      () =>
        `${Reflect.get(Reflect.get(globalThis, 'document'), 'cookie')} ${JSON.stringify(Reflect.get(globalThis, 'localStorage'))}`,
    )
    expect(readable).not.toContain('vr1.')
    await page.click('#logout')
    await says(page, 'status', 'signed-out')
    await page.reload()
    await says(page, 'status', 'signed-out')
    await page.close()
  })

  test('nothing in the pages failed without being caught', () => {
    expect(complaints).toEqual([])
  })
}
