import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, renameSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { newUsername, password } from '../kit/accounts.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { type Browser, findChromium, mustBeTried, openBrowser } from '../kit/chromium.ts'
import { eventually } from '../kit/eventually.ts'
import { createSnippetFolder } from '../kit/snippets.ts'

const executable = findChromium()
const example = 'sdk/examples/chat'

if (executable) {
  describe('the chat example', () => inBrowser(executable))
} else {
  test('no Chromium found, so the example was not tried in one: set CHROMIUM_PATH', () => {
    expect(mustBeTried()).toBe(false)
  })
}

/** The example as it is built, with the SDK out of its sources. */
async function bundled(entry: string, platform: 'browser' | 'node'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${example}/${entry}`],
    ...{ bundle: true, write: false, format: 'esm', platform, target: 'es2022' },
    alias: { '@vicinity/client/store': './sdk/src/store.ts', '@vicinity/client': './sdk/src/index.ts' },
    ...(platform === 'node' && { external: ['ws'] }),
  })
  return outputFiles?.[0]?.text ?? ''
}

/** A cable that can be pulled: as long as it is, no connection goes through. */
async function cableTo(url: string) {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let isPulled = false
  const server = createTcpServer((socket) => {
    if (isPulled) return socket.destroy()
    const other = connect(Number(target.port), target.hostname)
    for (const end of [socket, other]) {
      sockets.add(end)
      end.on('error', () => undefined).on('close', () => sockets.delete(end))
    }
    socket.pipe(other).pipe(socket)
    return undefined
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: url.replace(target.host, `127.0.0.1:${port}`),
    pull(is: boolean) {
      isPulled = is
      if (is) for (const socket of sockets) socket.destroy()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function inBrowser(path: string) {
  let app: TestApp
  let browser: Browser
  let site: Server
  let origin: string
  const complaints: string[] = []

  beforeAll(async () => {
    const script = await bundled('page.mjs', 'browser')
    const html = readFileSync(`${example}/index.html`, 'utf8')
    site = createServer((req, res) => {
      const isScript = req.url === '/page.js'
      res.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? script : html)
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    app = await createTestApp({ ALLOWED_ORIGINS: origin })
    browser = await openBrowser(path)
  })
  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  const says = (page: Page, expected: string[]) =>
    eventually(
      () => page.locator('#messages li').evaluateAll((items) => items.map((item) => String(item.textContent))),
      (found) => found.join() === expected.join(),
      20_000,
    )
  const write = async (page: Page, text: string) => {
    await page.fill('#input', text)
    await page.press('#input', 'Enter')
  }

  async function openPage(me: string, peer: string, url: string): Promise<Page> {
    const page = await browser.page.context().newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${origin}/#${me}/${encodeURIComponent(password)}/${peer}?url=${encodeURIComponent(url)}`)
    return page
  }

  /** Both have to be registered before one can write to the other. */
  async function register(username: string) {
    const input = { username, password }
    const query = 'mutation ($input: RegisterInput!) { register(input: $input) { __typename } }'
    await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { input } }),
    })
  }

  test('two pages talk; one loses its network, writes, is reloaded, and comes back: everything arrives once, in order', async () => {
    const [ann, bob] = [newUsername(), newUsername()]
    await Promise.all([register(ann), register(bob)])
    const cable = await cableTo(app.url)
    const [hers, his] = [await openPage(ann, bob, cable.url), await openPage(bob, ann, app.url)]
    await eventually(
      () => hers.textContent('#phase'),
      (phase) => phase === 'live',
      20_000,
    )
    await write(hers, 'hello')
    await says(his, ['hello'])
    await write(his, 'hi')
    await says(hers, ['hello', 'hi'])
    cable.pull(true)
    await write(hers, 'in the tunnel')
    await write(his, 'where are you?')
    await says(hers, ['hello', 'hi', 'in the tunnel'])
    await hers.reload()
    await says(hers, ['hello', 'hi', 'in the tunnel'])
    expect(await hers.locator('.pending').allTextContents()).toEqual(['in the tunnel'])
    await write(hers, 'still there')
    cable.pull(false)
    await hers.evaluate(() => Reflect.get(globalThis, 'dispatchEvent').call(globalThis, new Event('online')))
    const all = ['hello', 'hi', 'where are you?', 'in the tunnel', 'still there']
    await says(hers, all)
    await says(his, all)
    await hers.reload()
    await says(hers, all)
    expect(complaints).toEqual([])
    cable.close()
  }, 90_000)

  test('it runs in a terminal too', async () => {
    const [ann, bob] = [newUsername(), newUsername()]
    await Promise.all([register(ann), register(bob)])
    const { write: keep, remove } = createSnippetFolder()
    const script = keep(await bundled('node.mjs', 'node')).replace(/ts$/, 'mjs')
    renameSync(script.replace(/mjs$/, 'ts'), script)
    const args = [script, app.url, ann, password, bob]
    const terminal = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''
    terminal.stdout.on('data', (chunk) => {
      said += String(chunk)
    })
    terminal.stdin.write('hello from a terminal\n')
    const his = await openPage(bob, ann, app.url)
    await says(his, ['hello from a terminal'])
    await write(his, 'hello to a terminal')
    await eventually(
      () => said,
      (text) => text.includes(`${bob}: hello to a terminal`),
      20_000,
    )
    terminal.kill()
    await once(terminal, 'close')
    remove()
  }, 60_000)
}
