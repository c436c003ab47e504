import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect as connectTo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Level } from '../../src/modules/scanning/labels.ts'
import { targetOf } from '../../src/modules/scanning/url-addresses.ts'
import { type Connect, createFetching, type FetchLimits } from '../../src/modules/scanning/url-fetching.ts'
import { createUrlScanner, type UrlFinding } from '../../src/modules/scanning/url-scanner.ts'
import type { JudgedUrl } from '../../src/modules/scanning/url-verdict-store.ts'

const publicAddress = '93.184.215.14'
const names: Record<string, string[][]> = {
  'good.test': [[publicAddress]],
  'inside.test': [['10.0.0.7']],
  'mixed.test': [[publicAddress, '127.0.0.1']],
  // First where anyone may look, then within.
  'rebinding.test': [[publicAddress], ['169.254.169.254'], ['127.0.0.1']],
}

/** Spellings of addresses that nobody outside may reach. */
const inside = [
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0xA9.0xFE.0xA9.0xFE/',
  'http://0251.0376.0251.0376/',
  'http://025177524776/',
  'http://169.254.43518/',
  'http://169.16689662/',
  'http://0xa9.254.0251.254/',
  'http://169.254.169.254./',
  'http://１６９.２５４.１６９.２５４/',
  'http://169。254。169。254/',
  'http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
  'http://[::169.254.169.254]/',
  'http://[64:ff9b::169.254.169.254]/',
  'http://[64:ff9b:1::a9fe:a9fe]/',
  'http://[2002:a9fe:a9fe::1]/',
  'http://[2001:0:a9fe:a9fe::1]/',
  'http://[fd00:ec2::254]/',
  'http://[fe80::1]/',
  'http://[fe80::a9fe:a9fe%25eth0]/',
  'http://[fec0::1]/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:0:127.0.0.1]/',
  'http://[ff02::1]/',
  'http://[100::1]/',
  'http://[2001:db8::1]/',
  'http://127.0.0.1/',
  'http://127.1/',
  'http://2130706433/',
  'http://017700000001/',
  'http://0x7f.1/',
  'http://0/',
  'http://0.0.0.0/',
  'http://10.1.2.3/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://198.18.0.1/',
  'http://192.0.0.1/',
  'http://192.0.2.1/',
  'http://224.0.0.1/',
  'http://240.0.0.1/',
  'http://255.255.255.255/',
  'http://localhost/',
  'http://metadata/',
  'http://inside.test/',
  'http://mixed.test/',
  'https://user:password@good.test/',
  'http://good.test@169.254.169.254/',
  'http://good.test:8080/',
  'http://good.test:22/',
  'ftp://good.test/',
  'file:///etc/passwd',
  'gopher://169.254.169.254/',
  'javascript:alert(1)',
  'http:///',
  'http://',
  `http://good.test/${'x'.repeat(3000)}`,
]

type Handler = Parameters<typeof createServer>[1]
const servers: Server[] = []
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

/** A fetcher that sees this internet: its names, and one server behind every address. */
async function internet(handler: Handler, limits: Partial<FetchLimits> = {}) {
  const server = createServer(handler ?? (() => undefined))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const connections: string[] = []
  const lookedUp: Record<string, number> = {}
  const connect: Connect = ({ address }, signal) =>
    new Promise((resolve, reject) => {
      connections.push(address)
      const socket = connectTo({ port, host: '127.0.0.1' })
      signal.addEventListener('abort', () => socket.destroy(), { once: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(socket))
    })
  const { fetch } = createFetching({
    connect,
    limits,
    async lookup(host) {
      const times = lookedUp[host] ?? 0
      lookedUp[host] = times + 1
      const answers = names[host]
      if (!answers) throw new Error('not found')
      return answers[Math.min(times, answers.length - 1)] as string[]
    },
  })
  return { fetch, connections }
}

const redirect =
  (to: string): Handler =>
  (_request, response) =>
    void response.writeHead(302, { location: to }).end()

describe('fetching what strangers link to', () => {
  it('connects to nothing within, however it is spelled', async () => {
    const { fetch, connections } = await internet((_request, response) => void response.end('secret'))
    for (const url of inside) expect({ url, ...(await fetch(url)) }).toMatchObject({ url, outcome: 'refused' })
    expect(connections).toEqual([])
  })

  it.each(inside.slice(0, 48))('follows no redirect to %s', async (to) => {
    const { fetch, connections } = await internet(
      redirect(Buffer.from(to).toString('latin1') === to ? to : encodeURI(to)),
    )
    expect(await fetch('http://good.test/')).toMatchObject({ outcome: 'refused' })
    expect(connections).toEqual([publicAddress])
  })

  it('looks a name up once for a connection: one that leads within a moment later leads nowhere', async () => {
    const { fetch, connections } = await internet((request, response) =>
      request.url === '/first'
        ? void response.writeHead(302, { location: '/second' }).end()
        : void response.end('secret'),
    )
    expect(await fetch('http://rebinding.test/first')).toMatchObject({ outcome: 'refused', reason: 'address' })
    expect(connections).toEqual([publicAddress])
  })

  it('follows three redirects and no more, without cookies', async () => {
    const asked: (string | undefined)[] = []
    const { fetch } = await internet((request, response) => {
      asked.push(request.headers.cookie)
      const step = Number(request.url?.slice(1))
      const headers = { 'set-cookie': 'a=b', 'content-type': 'text/html' }
      if (step > 0) response.writeHead(301, { ...headers, location: `/${step - 1}` }).end()
      else response.writeHead(200, headers).end('there')
    })
    expect(await fetch('http://good.test/3')).toMatchObject({ outcome: 'fetched', contentType: 'text/html' })
    expect(await fetch('http://good.test/4')).toMatchObject({ outcome: 'refused', reason: 'redirects' })
    expect(asked.every((cookie) => cookie === undefined)).toBe(true)
  })

  it('reads a megabyte at most, packed or not', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024))
    const { fetch } = await internet((request, response) => {
      if (request.url === '/bomb') return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
      if (request.url === '/told') return void response.writeHead(200, { 'content-length': 5_000_000 }).end()
      if (request.url === '/packed')
        return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('small'))
      response.write(Buffer.alloc(1024 * 1024))
      response.end('x')
    })
    for (const path of ['bomb', 'told', 'large'])
      expect(await fetch(`http://good.test/${path}`)).toMatchObject({ outcome: 'refused', reason: 'size' })
    expect((await fetch('http://good.test/packed')).body.toString()).toBe('small')
  })

  it('gives up after its time, on headers as on a body that never ends', async () => {
    const { fetch } = await internet(
      (request, response) => {
        if (request.url === '/drip') response.write('a')
      },
      { timeMs: 150 },
    )
    expect(await fetch('http://good.test/silent')).toMatchObject({ outcome: 'failed' })
    expect(await fetch('http://good.test/drip')).toMatchObject({ outcome: 'failed' })
  })

  it('fails quietly on what is not there or not HTTP', async () => {
    const { fetch } = await internet((_request, response) => void response.socket?.end('nonsense\r\n\r\n'))
    expect(await fetch('http://good.test/')).toMatchObject({ outcome: 'failed' })
    expect(await fetch('http://nowhere.test/')).toMatchObject({ outcome: 'failed' })
  })

  it('asks for a certificate of the host, not of the address', () => {
    expect(targetOf('https://good.test/x')).toMatchObject({ secure: true, port: 443, host: 'good.test' })
  })
})

describe('what is behind a link', () => {
  async function scannerOn(handler: Handler, image: Record<string, Level> = {}) {
    const kept = new Map<string, JudgedUrl>()
    const findings: UrlFinding[] = []
    const { fetch, connections } = await internet(handler)
    const scanner = createUrlScanner({
      store: { get: async (url) => kept.get(url), set: async (url, judged) => void kept.set(url, judged) },
      hostVerdict: (host) => (host.endsWith('bad.test') ? 'denied' : host === 'friend.test' ? 'allowed' : undefined),
      fetch,
      verdictUrl: undefined,
      scanImage: async () => image,
      onFinding: async (finding) => void findings.push(finding),
      logger: { error() {}, warn() {}, info() {}, debug() {} },
    })
    return { scanner, findings, connections }
  }
  const subject = { kind: 'MESSAGE', id: 'a message' } as const

  it('is malicious where a redirect leads to a denied domain, and looked at once a day', async () => {
    const { scanner, findings, connections } = await scannerOn(redirect('http://very.bad.test/'))
    await scanner.scan({ subject, ownerId: 'somebody', urls: ['http://good.test/', 'http://good.test/'] })
    await scanner.scan({ subject, ownerId: 'somebody', urls: ['http://good.test/'] })
    expect(findings).toHaveLength(2)
    expect(findings[0]).toEqual({
      ...{ subject, ownerId: 'somebody', kind: 'url', locator: 'http://good.test/', verdict: 'malicious' },
      labels: { unsafe_links: 'high' },
    })
    expect(connections).toEqual([publicAddress])
  })

  it('is malicious without a look where the domain is denied, and clean where it is allowed', async () => {
    const { scanner, connections } = await scannerOn((_request, response) => void response.end())
    expect(await scanner.judge('http://a.bad.test/')).toMatchObject({ verdict: 'malicious' })
    expect(await scanner.judge('http://friend.test/')).toMatchObject({ verdict: 'clean' })
    expect(connections).toEqual([])
  })

  it('is suspicious where it leads within, unknown where nobody could look, and clean otherwise', async () => {
    const { scanner, findings } = await scannerOn((request, response) =>
      request.url === '/in'
        ? void response.writeHead(307, { location: 'http://127.0.0.1/' }).end()
        : void response.end('fine'),
    )
    expect(await scanner.judge('http://good.test/in')).toMatchObject({ verdict: 'suspicious' })
    expect(await scanner.judge('http://nowhere.test/')).toMatchObject({ verdict: 'unknown' })
    await scanner.scan({ subject, ownerId: null, urls: ['http://good.test/', 'http://nowhere.test/'] })
    expect(findings).toEqual([])
  })

  it('is what an image there shows', async () => {
    const { scanner, findings } = await scannerOn(
      (_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end('png'),
      { nsfw: 'high' },
    )
    await scanner.scan({ subject, ownerId: null, urls: ['http://good.test/a.png'] })
    expect(findings).toMatchObject([{ labels: { nsfw: 'high' }, verdict: 'clean' }])
  })
})
