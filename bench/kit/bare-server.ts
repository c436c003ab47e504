import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A yardstick's server: the least that node:http needs to take a JSON body and to answer with JSON. */
export function serveBare<Body>(work: (body: Body, headers: IncomingHttpHeaders) => Promise<string>) {
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8')
    req.on('data', (chunk: string) => {
      body += chunk
    })
    req.on('end', async () => {
      const text = await work(JSON.parse(body), req.headers)
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      res.end(text)
    })
  })
  return {
    listening: new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve)),
    port: () => (server.address() as AddressInfo).port,
  }
}
