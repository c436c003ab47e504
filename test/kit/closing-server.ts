import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

export interface ClosingServer {
  url: string
  /** What each subscription asked to go on after, in order. */
  afters: unknown[]
  /** What each connection came with. */
  params: unknown[]
}

const servers = new Set<WebSocketServer>()
afterEach(() => {
  for (const server of servers) {
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
  servers.clear()
})

/**
 * Speaks as much of graphql-transport-ws as it takes to tell one event and close with a code, as often as it is told to; after
 * that it tells one event more and stays. Without a code it cuts the connection. A silent one tells no event at all.
 */
export async function createClosingServer(
  code: number | undefined,
  { times = 1, silent = false } = {},
): Promise<ClosingServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'graphql-transport-ws' })
  servers.add(server)
  await once(server, 'listening')
  const afters: unknown[] = []
  const params: unknown[] = []
  server.on('connection', (socket) => {
    const say = (message: object) => socket.send(JSON.stringify(message))
    socket.on('message', (text) => {
      const { id, type, payload } = JSON.parse(String(text))
      if (type === 'connection_init') {
        params.push(payload)
        say({ type: 'connection_ack' })
      }
      if (type !== 'subscribe') return
      afters.push(payload.variables.after ?? null)
      if (!silent) say({ id, type: 'next', payload: { data: { stream: { cursor: `c${afters.length}` } } } })
      if (afters.length > times) return
      if (code === undefined) socket.terminate()
      else socket.close(code)
    })
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, afters, params }
}
