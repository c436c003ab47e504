// Yardstick: the same sockets held by bare `ws`, which answers the protocol's frames with constants and remembers an id.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { answer } from '../kit/answer.ts'

const server = createServer((_req, res) => res.end())
const sockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: () => 'graphql-transport-ws' })
const subscriptions = new Map<WebSocket, string>()

sockets.on('connection', (socket) => {
  socket.on('message', (data) => {
    const { type, id } = JSON.parse(String(data))
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
    if (type !== 'subscribe') return
    subscriptions.set(socket, id)
    socket.send(`{"id":"${id}","type":"next","payload":{"data":{}}}`)
  })
  socket.on('close', () => subscriptions.delete(socket))
})

/** Sends the same bytes to everybody: all but the id is made once. */
function publish({ payload, count }: { payload: string; count: number }): void {
  const tail = `","type":"next","payload":${payload}}`
  for (let i = 0; i < count; i += 1) for (const [socket, id] of subscriptions) socket.send(`{"id":"${id}${tail}`)
}

const listening = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
answer(listening, { publish, port: () => (server.address() as AddressInfo).port })
