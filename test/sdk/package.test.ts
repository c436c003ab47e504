import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, transform } from 'esbuild'
import { createTestApp } from '../kit/app.ts'
import { connect } from '../kit/sdk.ts'
import { snippetsIn } from '../kit/snippets.ts'

// Built once, into a folder where the package is installed as in an app; inside the project, so that its peers are found, and
// outside of sdk/, where its name would mean the folder itself.
mkdirSync('.data', { recursive: true })
const app = mkdtempSync(resolve('.data/sdk-package-'))
const installed = join(app, 'node_modules/@vicinity/client')

beforeAll(() => {
  mkdirSync(installed, { recursive: true })
  symlinkSync(resolve('sdk/package.json'), join(installed, 'package.json'))
  const building = `import { buildSdk } from ${JSON.stringify(resolve('scripts/build-sdk.mjs'))}; await buildSdk(${JSON.stringify(join(installed, 'dist'))})`
  run(['--input-type=module', '-e', building])
}, 60_000)
afterAll(() => rmSync(app, { recursive: true, force: true }))

function run(args: string[], cwd = process.cwd()): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${stderr}${stdout}`)
  return stdout.trim()
}

/** What an app's own bundle of some code is: its text, and the modules in it. */
async function bundled(code: string, external: string[] = []) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: app, loader: 'ts' },
    ...{
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      target: 'es2022',
      platform: 'browser',
    },
    external,
  })
  const [output] = Object.values(metafile.outputs)
  const inputs = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path))
  return { text: outputFiles[0]?.text ?? '', modules: inputs.map(([path]) => path), imports }
}

const page = readFileSync('docs/sdk.md', 'utf8')
const core = `
  import { createClient, localStorageTokens } from '@vicinity/client'
  import { createMessenger, memoryStorage } from '@vicinity/client/store'
  console.log(createClient, localStorageTokens, createMessenger, memoryStorage)`

const kilobytes = (text: string) => gzipSync(text, { level: 9 }).length / 1024

test('the core with the store, its memory and signing in is at most 45 KB, and as large as docs/sdk.md says', async () => {
  const whole = kilobytes((await bundled(core)).text)
  const alone = kilobytes(
    (await bundled(`import { createClient } from '@vicinity/client'; createClient({ url: '' })`)).text,
  )
  expect(whole).toBeLessThanOrEqual(45)
  const [, ...said] = /the client is (\d+) KB \(gzip\), with the store and its\s+outbox (\d+) KB/.exec(page) ?? []
  for (const [at, size] of [alone, whole].entries()) expect(Math.abs(Number(said[at]) - size)).toBeLessThanOrEqual(1)
})

test('nothing in it is of Node, or of a package but graphql-ws', async () => {
  const { modules, imports } = await bundled(core)
  expect(imports.filter((path) => path.startsWith('node:'))).toEqual([])
  expect(modules.filter((path) => !/@vicinity\/client\/dist\/|node_modules\/graphql-ws\//.test(path))).toEqual([
    '<stdin>',
  ])
})

test('an app carries what it uses: who only signs in has no store, and of the documents only the ones for that', async () => {
  const { text, modules } = await bundled(`
    import { createClient } from '@vicinity/client'
    await createClient({ url: '/graphql' }).auth.logout()`)
  expect(modules.filter((path) => /\/(store|messenger)\//.test(path))).toEqual([])
  expect(text).toContain('mutation Refresh')
  expect(text).not.toContain('query SyncBootstrap')
  const one = await bundled(`
    import { sendMessage } from '@vicinity/client/operations'
    console.log(sendMessage)`)
  expect(one.text).toContain('mutation SendMessage')
  expect(one.text.length).toBeLessThan(1000)
  const storage = await bundled(`
    import { memoryTokens } from '@vicinity/client'
    console.log(memoryTokens)`)
  expect(storage.text.length).toBeLessThan(300)
})

test.each(['', '/operations', '/store', '/react', '/apollo', '/urql'])(
  '%j loads as ES and as CommonJS, with the same names',
  (entry) => {
    const name = `@vicinity/client${entry}`
    const told = (module: string) =>
      `console.log(JSON.stringify(Object.keys(${module}).sort().filter((key) => key !== '__esModule' && key !== 'module.exports')))`
    writeFileSync(join(app, 'es.mjs'), `import * as all from '${name}'\n${told('all')}`)
    writeFileSync(join(app, 'common.cjs'), told(`require('${name}')`))
    const names = JSON.parse(run(['es.mjs'], app))
    expect(names.length).toBeGreaterThan(0)
    expect(JSON.parse(run(['common.cjs'], app))).toEqual(names)
  },
)

test('a client of CommonJS and one of ES find its types, without those of Node', () => {
  const uses = `
    import { createClient, VicinityError } from '@vicinity/client'
    import { nudges, viewer } from '@vicinity/client/operations'
    const client = createClient({ url: 'https://api.example.com/graphql' })
    nudges(client, {}, { next: ({ nudges: event }) => { if (event.__typename === 'Nudge') { const id: string = event.matchId; void id } } })
    viewer(client).then(({ viewer: who }) => who?.deviceId)
    export const isOurs = (error: unknown) => error instanceof VicinityError
    // @ts-expect-error there is no such operation
    client.nothing()`
  writeFileSync(join(app, 'es.mts'), uses)
  writeFileSync(join(app, 'common.cts'), uses)
  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'], types: [] },
    ...{ rootDir: '/', skipLibCheck: false, noUncheckedSideEffectImports: false },
  }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['es.mts', 'common.cts'] }))
  expect(run([resolve('node_modules/typescript/bin/tsc'), '-p', join(app, 'tsconfig.json')])).toBe('')
})

const snippets = ['docs/sdk.md', 'README.md']
  .flatMap(snippetsIn)
  .filter(({ code }) => code.includes('@vicinity/client'))

test('the code in docs/sdk.md and README.md has the right types', () => {
  const files = snippets.map(({ code }, at) => {
    const name = `snippet-${at}.ts`
    writeFileSync(join(app, name), code)
    return name
  })
  expect(files.length).toBeGreaterThan(4)
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }')
  const compilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'] },
    ...{ types: [], rootDir: '/' },
  }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  expect(run([resolve('node_modules/typescript/bin/tsc'), '-p', join(app, 'tsconfig.json')])).toBe('')
})

test('its first example runs, and hears what it says itself', async () => {
  const server = await createTestApp()
  for (const username of ['ann', 'ben']) {
    const client = connect(server)
    await client.auth.register({ username, password: 'a long way to the lake', displayName: username.toUpperCase() })
  }
  const { code = '' } = snippets.find(({ runnable }) => runnable) ?? {}
  const script = (await transform(code, { loader: 'ts' })).code.replace('http://localhost:4000/graphql', server.url)
  // What a browser, or a later Node, has by itself.
  const socket = `import WebSocket from 'ws'; globalThis.WebSocket = WebSocket;`
  const ending = 'setTimeout(() => { stop(); client.dispose() }, 1000)'
  writeFileSync(join(app, 'example.mjs'), `${socket}\n${script}\n${ending}`)
  const example = spawn(process.execPath, ['example.mjs'], { cwd: app })
  let said = ''
  for (const stream of [example.stdout, example.stderr])
    stream.on('data', (chunk) => {
      said += String(chunk)
    })
  await once(example, 'close')
  expect(said).toBe('ANN\nHello!\n')
})

test('every root field has a document', () => {
  const { Query, Mutation, Subscription } = Object.fromEntries(
    [...readFileSync('schema.graphql', 'utf8').matchAll(/^type (Query|Mutation|Subscription) \{\n(.*?)^\}/gms)].map(
      ([, name, body = '']) => [name, [...body.matchAll(/^ {2}(\w+)[(:]/gm)].map(([, field]) => field)],
    ),
  )
  const documents = readdirSync('sdk/documents').map((name) => readFileSync(`sdk/documents/${name}`, 'utf8'))
  const asked = new Set(documents.flatMap((text) => [...text.matchAll(/^ {2}(\w+)/gm)].map(([, field]) => field)))
  const fields = [Query, Mutation, Subscription].flatMap((list) => list ?? [])
  expect(fields.length).toBeGreaterThan(50)
  expect(fields.filter((field) => !asked.has(field))).toEqual([])
})

test('package.json names the versions that it is tested with', () => {
  const { peerDependencies, dependencies } = JSON.parse(readFileSync('sdk/package.json', 'utf8'))
  for (const [name, range] of Object.entries({ ...peerDependencies, ...dependencies })) {
    const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }
    expect(String(range)).toContain(`^${version.split('.')[0]}.`)
  }
})
