// The client ends of many graphql-transport-ws sockets, over plain TCP: frames are told apart and counted, not decoded.
import { connect, type Socket } from 'node:net'
import { answer } from '../kit/answer.ts'
import type { SwarmOrder, SwarmResult } from '../kit/swarm.ts'

/** So many connections are opened at once. */
const batch = 100
/** One address has too few ports for many sockets, and a listener counts the sockets of an address; Linux has all of 127/8. */
const addresses = process.platform === 'linux' ? 8 : 1
const opcodes = { text: 1, close: 8, ping: 9 }
const sockets: Socket[] = []
let closed = 0

async function subscribe({ port, query, tokens }: SwarmOrder): Promise<SwarmResult> {
  let subscribed = 0
  for (let from = 0; from < tokens.length; from += batch) {
    const some = tokens.slice(from, from + batch)
    await Promise.all(
      some.map((token, i) => one({ port, query, token, localAddress: `127.0.0.${2 + (i % addresses)}` })),
    )
    subscribed += some.length
  }
  return { subscribed }
}

function one(options: { port: number; query: string; token: string; localAddress: string }): Promise<void> {
  const { port, query, token, localAddress } = options
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ...(addresses > 1 && { localAddress }), noDelay: true })
    sockets.push(socket)
    let held = Buffer.alloc(0)
    let upgraded = false
    const send = (message: unknown) => socket.write(frame(opcodes.text, Buffer.from(JSON.stringify(message))))

    function onText(text: Buffer) {
      if (text.includes('"connection_ack"')) return send({ id: '1', type: 'subscribe', payload: { query } })
      if (text.includes('"next"') && !text.includes('"errors"')) return resolve()
      if (text.includes('"ping"')) return send({ type: 'pong' })
      return reject(new Error(text.toString()))
    }

    socket.on('connect', () => socket.write(upgradeRequest))
    socket.on('error', reject)
    socket.on('close', () => {
      closed += 1
      reject(new Error('the server closed a socket'))
    })
    socket.on('data', (chunk) => {
      held = held.length > 0 ? Buffer.concat([held, chunk]) : chunk
      if (!upgraded) {
        const end = held.indexOf('\r\n\r\n')
        if (end === -1) return
        if (!held.includes(' 101 ')) return reject(new Error(held.toString()))
        upgraded = true
        held = held.subarray(end + 4)
        send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })
      }
      for (let whole = firstFrame(held); whole; whole = firstFrame(held)) {
        held = held.subarray(whole.length)
        if (whole.opcode === opcodes.text) onText(whole.payload)
        else if (whole.opcode === opcodes.ping) socket.write(frame(0xa, whole.payload))
        else if (whole.opcode === opcodes.close) reject(new Error(`closed: ${whole.payload.subarray(2)}`))
      }
    })
  })
}

const upgradeRequest = [
  'GET /graphql HTTP/1.1',
  'host: 127.0.0.1',
  'upgrade: websocket',
  'connection: upgrade',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version: 13',
  'sec-websocket-protocol: graphql-transport-ws',
  '\r\n',
].join('\r\n')

/** A client's frame: masked, with a mask of zeros. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const head = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([0x80 | opcode, ...head, 0, 0, 0, 0]), payload])
}

function firstFrame(held: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  if (held.length < 2) return undefined
  const short = (held[1] ?? 0) & 127
  const from = short === 126 ? 4 : 2
  if (held.length < from) return undefined
  const length = from + (short === 126 ? held.readUInt16BE(2) : short)
  if (held.length < length) return undefined
  return { opcode: (held[0] ?? 0) & 15, payload: held.subarray(from, length), length }
}

answer(Promise.resolve(), { subscribe, closed: () => closed })
