// Loads a server over keep-alive connections, one request in flight on each. Reads no more of an answer than it must.
import { connect, type Socket } from 'node:net'
import { answer } from '../kit/answer.ts'
import { percentile } from '../kit/figures.ts'
import type { LoadOrder, LoadResult } from '../kit/load.ts'

const headEnd = Buffer.from('\r\n\r\n')
const graphqlErrors = Buffer.from('"errors":[')

async function load({ port, requests, connections, ms, perSecond }: LoadOrder): Promise<LoadResult> {
  const wire = requests.map((request) => Buffer.from(request))
  const latencies: number[] = []
  let failures = 0
  let failure: string | undefined
  let next = 0
  const begun = performance.now()
  const until = begun + ms

  const drive = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      let sentAt = 0
      let held: Buffer | undefined
      const end = () => {
        socket.destroy()
        resolve()
      }
      const send = () => {
        if (perSecond === undefined) sentAt = performance.now()
        else {
          // Due at a fixed time: whoever comes late to it has let somebody wait.
          sentAt = begun + (1000 * next) / perSecond
          const early = sentAt - performance.now()
          if (early > 0 && sentAt < until) {
            const mine = next++
            return void setTimeout(() => socket.write(wire[mine % wire.length] as Buffer), early)
          }
        }
        if (sentAt >= until) return end()
        socket.write(wire[next++ % wire.length] as Buffer)
      }
      socket.on('data', (chunk) => {
        const received = held ? Buffer.concat([held, chunk]) : chunk
        if (!isWhole(received)) {
          held = received
          return
        }
        held = undefined
        latencies.push(performance.now() - sentAt)
        // The status line is `HTTP/1.1 200`.
        if (received[9] !== 0x32 || received.includes(graphqlErrors)) {
          failures += 1
          failure ??= received.toString('utf8', 0, 1000)
        }
        send()
      })
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the server closed a connection')))
      send()
    })

  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)))
  await Promise.all(sockets.map(drive))
  const elapsedMs = performance.now() - begun
  const sorted = Float64Array.from(latencies).sort()
  return {
    ...{ answers: latencies.length, failures, failure, elapsedMs },
    ...{ p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) },
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Every server here answers with a content-length. */
function isWhole(received: Buffer): boolean {
  const end = received.indexOf(headEnd)
  if (end === -1) return false
  const length = /content-length: *(\d+)/i.exec(received.toString('latin1', 0, end))?.[1]
  if (length === undefined) throw new Error(`no content-length in:\n${received.toString('latin1', 0, end)}`)
  return received.length >= end + headEnd.length + Number(length)
}

answer(Promise.resolve(), { load })
