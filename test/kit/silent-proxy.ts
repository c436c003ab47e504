import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

/** A way to a server on which questions arrive and answers do not: the connection breaks as soon as one comes. */
export async function createSilentProxy(server: { url: string }): Promise<{ url: string; close(): void }> {
  const { port } = new URL(server.url)
  const proxy = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    client.pipe(upstream)
    upstream.once('data', () => client.resetAndDestroy())
    upstream.on('close', () => client.destroy())
    for (const end of [client, upstream]) end.on('error', () => upstream.destroy())
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = new URL(server.url)
  url.port = String((proxy.address() as AddressInfo).port)
  url.hostname = '127.0.0.1'
  return { url: url.href, close: () => void proxy.close() }
}
