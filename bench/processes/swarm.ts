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
/** Events that have come since everybody had subscribed. */
let heard = 0
let latest = ''
let awaited: { count: number; come(): void } | undefined

/** Waits until so many events have come. */
function hear(count: number): Promise<void> {
  if (heard >= count) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${count - heard} events have not come, ${closed} closed`)), 20_000)
    const come = () => {
      clearTimeout(late)
      resolve()
    }
    awaited = { count, come }
  })
}

function onEvent() {
  heard += 1
  if (!awaited || heard < awaited.count) return
  awaited.come()
  awaited = undefined
}

async function subscribe({ port, query, tokens }: SwarmOrder): Promise<SwarmResult> {
  const queries = Array.isArray(query) ? query : [query]
  let subscribed = 0
  for (let from = 0; from < tokens.length; from += batch) {
    const some = tokens.slice(from, from + batch)
    await Promise.all(
      some.map((token, i) => {
        const own = queries[(from + i) % queries.length] ?? ''
        return one({ port, query: own, token, localAddress: `127.0.0.${2 + (i % addresses)}` })
      }),
    )
    subscribed += some.length
  }
  heard = 0
  return { subscribed }
}

function one(options: { port: number; query: string; token: string; localAddress: string }): Promise<void> {
  const { port, query, token, localAddress } = options
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ...(addresses > 1 && { localAddress }), noDelay: true })
    sockets.push(socket)
    const first = sockets.length === 1
    let held = Buffer.alloc(0)
    let upgraded = false
    let subscribed = false
    const send = (message: unknown) => socket.write(frame(opcodes.text, Buffer.from(JSON.stringify(message))))

    function onText(text: Buffer) {
      if (text.includes('"connection_ack"')) return send({ id: '1', type: 'subscribe', payload: { query } })
      if (text.includes('"next"') && !text.includes('"errors"')) {
        subscribed = true
        return resolve()
      }
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
      let from = 0
      for (let found = frameAt(held, from); found; found = frameAt(held, from)) {
        const { opcode, begins, ends } = found
        from = ends
        if (opcode === opcodes.text && subscribed) {
          if (first) latest = held.toString('utf8', begins, ends)
          onEvent()
          continue
        }
        const payload = held.subarray(begins, ends)
        if (opcode === opcodes.text) onText(payload)
        else if (opcode === opcodes.ping) socket.write(frame(0xa, payload))
        else if (opcode === opcodes.close) reject(new Error(`closed: ${payload.subarray(2)}`))
      }
      held = held.subarray(from)
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

function frameAt(held: Buffer, from: number): { opcode: number; begins: number; ends: number } | undefined {
  if (held.length < from + 2) return undefined
  const short = (held[from + 1] ?? 0) & 127
  const begins = from + (short === 126 ? 4 : 2)
  if (held.length < begins) return undefined
  const ends = begins + (short === 126 ? held.readUInt16BE(from + 2) : short)
  if (held.length < ends) return undefined
  return { opcode: (held[from] ?? 0) & 15, begins, ends }
}

answer(Promise.resolve(), { subscribe, hear, heard: () => heard, latest: () => latest, closed: () => closed })
