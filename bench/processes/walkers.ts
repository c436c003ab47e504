// People who walk around a city and say so over HTTP, and some of them who watch over sockets. Times every change by its cause.
import { connect, type Socket } from 'node:net'
import WebSocket from 'ws'
import { createGrids } from '../../src/modules/presence/index.ts'
import { metersPerDegree } from '../../src/platform/geo/index.ts'
import { createPersonIds } from '../../src/platform/person-ids.ts'
import { answer } from '../kit/answer.ts'
import { percentile } from '../kit/figures.ts'
import { post } from '../kit/load.ts'
import type { WalkOrder, WalkResult } from '../kit/walk.ts'

const secret = String(process.env['VICINITY_SECRET'])
const grids = createGrids(secret, 700)
const personIds = createPersonIds(secret)
const middle = { latitude: 47.3769, longitude: 8.5417 }
const sideMeters = 10_000
const addresses = process.platform === 'linux' ? 8 : 1
const connections = 64
/** A viewer gets one frame in so long; a change waits for it. */
const frameEveryMs = 1000
const beatQuery = `mutation ($input: HeartbeatInput!) { heartbeat(input: $input) { __typename } }`
const watchQuery = `subscription ($radius: RadiusBand!) { nearbyChanged(radius: $radius) { __typename
  ... on NearbyChanged { changes { change personId band } } } }`

interface Walker {
  id: string
  token: string
  /** Metres from the middle, and a second's walk. */
  x: number
  y: number
  stepX: number
  stepY: number
  cell: string
  /** When the heartbeat was sent that last said of another cell. */
  crossedAt: number
}

const walkers: Walker[] = []
const byId = new Map<string, Walker>()
let order: WalkOrder
let counts = { beats: 0, failures: 0, frames: 0, changes: 0 }
let failure: string | undefined
let times: number[] = []
let own: number[] = []

function placeOf({ x, y }: Walker) {
  const parallel = Math.cos((middle.latitude * Math.PI) / 180)
  return {
    latitude: middle.latitude + y / metersPerDegree,
    longitude: middle.longitude + x / (metersPerDegree * parallel),
  }
}

function step(walker: Walker, seconds: number) {
  for (const [at, by] of [['x', 'stepX'] as const, ['y', 'stepY'] as const]) {
    walker[at] += walker[by] * seconds
    if (Math.abs(walker[at]) > sideMeters / 2) walker[by] = -Math.sign(walker[at]) * Math.abs(walker[by])
  }
}

function beat(walker: Walker) {
  step(walker, order.everyMs / 1000)
  const place = placeOf(walker)
  const cell = grids.people.snap(place).id
  if (cell !== walker.cell) walker.crossedAt = performance.now()
  walker.cell = cell
  const input = { ...place, accuracyMeters: 5, observedAt: new Date().toISOString() }
  waiting.push(post({ query: beatQuery, variables: { input } }, walker.token))
  pump()
}

/** Requests that wait for a connection, and connections that wait for a request. */
const waiting: string[] = []
const free: Socket[] = []
let opened = 0

function pump() {
  while (waiting.length > 0) {
    const socket = free.pop() ?? (opened < connections ? open() : undefined)
    if (!socket) return
    socket.write(waiting.shift() ?? '')
  }
}

/** One answer at a time, told apart by its length and not looked into further than needed. */
function open(): Socket {
  opened += 1
  const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true })
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text = text === '' ? chunk : text + chunk
    const head = text.indexOf('\r\n\r\n')
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
    if (head === -1 || text.length < head + 4 + length) return
    counts.beats += 1
    if (!text.includes('HeartbeatPayload')) fail(text)
    text = ''
    free.push(socket)
    pump()
  })
  socket.on('error', (error) => fail(error.message))
  return socket
}

function fail(reason: string) {
  counts.failures += 1
  failure ??= reason
}

function watch(walker: Walker, i: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${order.port}/graphql`, 'graphql-transport-ws', {
      localAddress: `127.0.0.${2 + (i % addresses)}`,
    })
    let lastFrameAt = 0
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${walker.token}` } })),
    )
    socket.on('error', reject)
    socket.on('message', (data) => {
      const now = performance.now()
      const { type, payload } = JSON.parse(String(data))
      if (type === 'connection_ack')
        socket.send(
          JSON.stringify({
            ...{ id: '1', type: 'subscribe' },
            payload: { query: watchQuery, variables: { radius: order.radius } },
          }),
        )
      if (type === 'error') return reject(new Error(JSON.stringify(payload)))
      if (type !== 'next') return
      const event = payload.data.nearbyChanged
      if (event.__typename === 'Ready') return resolve()
      if (event.__typename !== 'NearbyChanged') return fail(event.__typename)
      counts.frames += 1
      for (const { personId } of event.changes as { personId: string }[]) {
        counts.changes += 1
        const other = byId.get(personIds.open(walker.id, personId) ?? '')
        if (!other) continue
        // Either of the two moved; where both did of late, it is not known whose step it was.
        const since = [now - walker.crossedAt, now - other.crossedAt].filter((ms) => ms < 5000)
        const [only] = since
        if (only === undefined || since.length > 1) continue
        times.push(only)
        own.push(Math.min(only, now - lastFrameAt - frameEveryMs))
      }
      lastFrameAt = now
    })
  })
}

/** Everybody begins to walk; those who watch are told of it. */
async function begin(given: WalkOrder): Promise<void> {
  order = given
  const { devices, everyMs, watchers } = given
  for (const { deviceId: id, token } of devices) {
    const [turn, speed] = [Math.random() * 2 * Math.PI, 0.8 + Math.random()]
    const walker: Walker = {
      ...{ id, token, cell: '', crossedAt: Number.NEGATIVE_INFINITY },
      ...{ x: (Math.random() - 0.5) * sideMeters, y: (Math.random() - 0.5) * sideMeters },
      ...{ stepX: Math.cos(turn) * speed, stepY: Math.sin(turn) * speed },
    }
    walkers.push(walker)
    byId.set(id, walker)
  }
  let next = 0
  let from = performance.now()
  let owed = 0
  setInterval(() => {
    const now = performance.now()
    owed += ((now - from) / everyMs) * walkers.length
    from = now
    for (; owed >= 1; owed -= 1) {
      const walker = walkers[next % walkers.length]
      next += 1
      if (walker) beat(walker)
    }
  }, 4)
  await pause(everyMs * 1.5)
  for (let i = 0; i < watchers; i += 50)
    await Promise.all(walkers.slice(i, Math.min(watchers, i + 50)).map((walker, j) => watch(walker, i + j)))
  await pause(everyMs * 2)
}

async function measure(ms: number): Promise<WalkResult> {
  counts = { beats: 0, failures: 0, frames: 0, changes: 0 }
  failure = undefined
  times = []
  own = []
  const from = performance.now()
  await pause(ms)
  const elapsedMs = performance.now() - from
  const sorted = times.sort((a, b) => a - b)
  return {
    ...counts,
    ...{ failure, elapsedMs, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) },
    ownP99Ms: percentile(
      own.sort((a, b) => a - b),
      0.99,
    ),
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

answer(Promise.resolve(), { begin, measure })
