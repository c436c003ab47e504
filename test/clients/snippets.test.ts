import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import WebSocket from 'ws'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { beaconAt, createPhone } from '../kit/phones.ts'
import { createSnippetFolder, runSnippet, snippetsIn } from '../kit/snippets.ts'

const pages = ['docs/clients.md', 'docs/offline-first.md', 'README.md'].filter((path) => existsSync(path))
const snippets = pages.flatMap(snippetsIn)
const runnable = snippets.filter((snippet) => snippet.runnable)
const shown = snippets.filter((snippet) => snippet.file)

let app: TestApp
let socket: WebSocket | undefined
const folder = createSnippetFolder()

beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
  // What a browser has, with a cable that can be pulled.
  Object.assign(globalThis, {
    WebSocket: class extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols)
        socket = this
      }
    },
  })
})
afterAll(folder.remove)

const withServer = (code: string, token: string) =>
  code
    .replaceAll('http://localhost:4000/graphql', app.url)
    .replaceAll('ws://localhost:4000/graphql', app.wsUrl)
    .replaceAll('<token>', token)

test('there are snippets for Apollo Client and urql, short enough to paste', () => {
  expect(runnable.length).toBeGreaterThanOrEqual(2)
  for (const { code } of runnable) expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(30)
})

test.each(shown)('$place shows $file as it is', ({ file, code }) => {
  expect(code).toBe(readFileSync(file ?? '', 'utf8'))
})

test('the snippets have the right types', () => {
  const files = runnable.map(({ code }) => folder.write(code))
  const config = join(folder.folder, 'tsconfig.json')
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, target: 'es2022', module: 'nodenext' },
    ...{ lib: ['es2022', 'dom'], types: [] },
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, files }))
  const { stdout, status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', config])
  expect({ told: String(stdout), status }).toEqual({ told: '', status: 0 })
})

test.each(runnable)('$place runs, and loses nothing when its connection drops', async ({ code }) => {
  const phone = await createPhone(app)
  const { beacons } = await phone.open(['jazz'])
  const meet = async () => {
    const someone = await createPhone(app)
    await someone.open(['jazz'])
    const now = new Date(app.clock.now())
    await someone.report([beaconAt(beacons, now)], now)
  }
  const run = await runSnippet(folder.write(withServer(code, phone.token)))
  const streamed = () => (run.said as { nudges?: { matchId?: string } }[]).flatMap(({ nudges }) => nudges ?? [])
  const said = (count: number) =>
    eventually(
      () => streamed().length,
      (length) => length === count,
      15_000,
    )
  expect(run.said[0]).toMatchObject({ viewer: { deviceId: expect.any(String) } })
  await said(1)
  await meet()
  await said(2)
  socket?.terminate()
  await meet()
  await said(4)
  await meet()
  await said(5)
  const matches = streamed().flatMap(({ matchId }) => matchId ?? [])
  expect(new Set(matches).size).toBe(3)
  expect(matches).toHaveLength(3)
  await (run.module['socket'] as { dispose(): Promise<void> }).dispose()
  run.end()
})
