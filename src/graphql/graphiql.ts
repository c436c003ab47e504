import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Exchange, Route } from '../platform/http.ts'
import { bootScript } from './graphiql-boot.ts'
import { type GraphiqlTokens, graphiqlTabs } from './graphiql-tabs.ts'

export interface Graphiql {
  /** Writes the page. */
  page: Route
  /** Where its script and its style sheet are. */
  routes: [string, Route][]
}

interface Asset {
  type: string
  gzipped: Buffer
}

type AssetName = 'graphiql.js' | 'graphiql.css'

const folder = '/graphql/'
const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="28"><g fill="none" stroke="#0a7d5a" stroke-width="2.5"><circle cx="12" cy="16" r="9"/><circle cx="20" cy="16" r="9"/></g></svg>'

// Nothing on the page may come from, or go to, another place.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  'worker-src blob:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** GraphiQL out of a package, without an outside request. Its 9 MB are read and compressed when somebody first opens the page. */
export function createGraphiql(tokens: () => GraphiqlTokens): Graphiql {
  let reading: ReturnType<typeof readAssets> | undefined
  const assets = () => {
    reading ??= readAssets()
    return reading
  }

  async function page({ res }: Exchange) {
    const { version } = await assets()
    const body = html({ title: 'Vicinity', logo, tabs: graphiqlTabs(tokens()) }, version)
    res.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': body.length,
      // It holds tokens.
      'cache-control': 'no-store',
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    res.end(body)
  }

  const asset =
    (name: AssetName): Route =>
    async ({ req, res }) => {
      const { type, gzipped } = (await assets()).files[name]
      const asIs = /\bgzip\b/.test(String(req.headers['accept-encoding']))
      const body = asIs ? gzipped : await promisify(gunzip)(gzipped)
      res.writeHead(200, {
        'content-type': type,
        'content-length': body.length,
        ...(asIs ? { 'content-encoding': 'gzip' } : {}),
        vary: 'accept-encoding',
        // The address holds a digest of the content.
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
      })
      res.end(body)
    }

  const names: AssetName[] = ['graphiql.js', 'graphiql.css']
  return { page, routes: names.map((name) => [folder + name, asset(name)]) }
}

async function readAssets(): Promise<{ version: string; files: Record<AssetName, Asset> }> {
  const { js, css, editorWorkerService, jsonWorker, graphqlWorker } = await import(
    '@graphql-yoga/render-graphiql/graphiql'
  )
  const workers = { editorWorkerService, json: jsonWorker, graphql: graphqlWorker }
  const script = [workerScript(workers), js, bootScript].join('\n;\n')
  const version = createHash('sha256').update(script).update(css).digest('base64url').slice(0, 16)
  const pack = async (type: string, text: string) => ({
    type: `${type}; charset=utf-8`,
    gzipped: await promisify(gzip)(text),
  })
  const [scripts, styles] = await Promise.all([pack('text/javascript', script), pack('text/css', css)])
  return { version, files: { 'graphiql.js': scripts, 'graphiql.css': styles } }
}

/** The editor asks for its workers by label. */
const workerScript = (workers: Record<string, string>) => `
const workerUrls = Object.fromEntries(Object.entries(${JSON.stringify(workers)}).map(([label, code]) =>
  [label, URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))]))
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => workerUrls[label] }`

function html(options: object, version: string): Buffer {
  const icon = `data:image/svg+xml,${encodeURIComponent(logo)}`
  return Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Vicinity</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="${folder}graphiql.css?${version}">
<style>html, body, #root { height: 100%; margin: 0 }</style>
</head>
<body class="no-focus-outline">
<noscript>This page needs JavaScript.</noscript>
<div id="root"></div>
<script id="options" type="application/json">${JSON.stringify(options).replaceAll('<', '\\u003c')}</script>
<script src="${folder}graphiql.js?${version}"></script>
</body>
</html>
`)
}
