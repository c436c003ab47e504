// People who write at a fixed rate, and say the same again elsewhere until they are sure; and one who comes back to what they missed.
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import WebSocket from 'ws'
import { answer } from '../kit/answer.ts'

export interface WriteOrder {
  ports: number[]
  seats: { token: string; group: string }[]
  perSecond: number
}
export interface Written {
  /** By client id: the group, and the position that was acknowledged. */
  acknowledged: [clientId: string, group: string, seq: number][]
  /** Sends without an answer, which were sent again. */
  unsure: number
  latencies: number[]
}
export interface ResumeOrder {
  ports: number[]
  token: string
  query: string
  variables: Record<string, unknown>
  /** So many events come. */
  events: number
}

const sendDocument = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename
  ... on SendMessagePayload { created sentMessage { id seq } } ... on Error { code message } } }`
const timeoutMs = 10_000
const betweenTriesMs = 20
const triesAtMost = 500
const resumeTimeoutMs = 30_000

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
let writing = false
let stopped: Promise<Written> = Promise.resolve({ acknowledged: [], unsure: 0, latencies: [] })

function post(port: number, token: string, input: object): Promise<number | undefined> {
  const body = JSON.stringify({ query: sendDocument, variables: { input } })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/graphql', method: 'POST', agent, headers, timeout: timeoutMs }
    const sent = request(options, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      res.on('error', () => resolve(undefined))
      res.on('close', () => resolve(seqIn(text)))
    })
    sent.on('timeout', () => sent.destroy())
    sent.on('error', () => resolve(undefined))
    sent.end(body)
  })
}

function seqIn(text: string): number | undefined {
  try {
    return JSON.parse(text).data?.sendMessage?.sentMessage?.seq
  } catch {
    return undefined
  }
}

function start(order: WriteOrder): void {
  writing = true
  stopped = write(order)
}

async function write({ ports, seats, perSecond }: WriteOrder): Promise<Written> {
  const written: Written = { acknowledged: [], unsure: 0, latencies: [] }
  const under = new Set<Promise<void>>()
  const run = Math.random().toString(36).slice(2)
  async function send(n: number) {
    const { token, group } = seats[n % seats.length] ?? { token: '', group: '' }
    const input = { conversationId: group, clientId: `bench-${run}-${n}`, body: `Message ${n}` }
    const begun = performance.now()
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > triesAtMost) throw new Error('a message is acknowledged by nobody')
      const seq = await post(ports[(n + attempt) % ports.length] ?? 0, token, input)
      if (seq !== undefined) {
        written.latencies.push(performance.now() - begun)
        written.acknowledged.push([input.clientId, group, seq])
        return
      }
      written.unsure += 1
      await pause(betweenTriesMs)
    }
  }
  const begun = performance.now()
  for (let n = 0; writing; n += 1) {
    const early = begun + (n * 1000) / perSecond - performance.now()
    if (early > 0) await pause(early)
    const one = send(n).finally(() => under.delete(one))
    under.add(one)
  }
  await Promise.all(under)
  return written
}

function stop(): Promise<Written> {
  writing = false
  return stopped
}

/** From opening a socket to the last event that was missed, milliseconds; undefined if the server went meanwhile. */
async function resume({ ports, token, query, variables, events }: ResumeOrder): Promise<number | undefined> {
  for (const port of ports) {
    const begun = performance.now()
    const came = await new Promise<boolean>((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws')
      let left = events + 1
      const late = setTimeout(() => reject(new Error(`${left} events have not come`)), resumeTimeoutMs)
      const say = (message: object) => socket.send(JSON.stringify(message))
      socket.on('open', () => say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
      socket.on('error', () => resolve(false))
      socket.on('close', () => {
        clearTimeout(late)
        resolve(left <= 0)
      })
      socket.on('message', (data) => {
        const text = String(data)
        if (text.includes('"connection_ack"')) return say({ id: '1', type: 'subscribe', payload: { query, variables } })
        if (text.includes('"errors"') || text.includes('"type":"error"') || text.includes('ResyncRequired'))
          return reject(new Error(text))
        if (!text.includes('"next"')) return
        left -= 1
        if (left === 0) {
          socket.close()
          resolve(true)
        }
      })
    })
    if (came) return performance.now() - begun
  }
  return undefined
}

answer(Promise.resolve(), { start, stop, resume })
