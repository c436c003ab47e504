import WebSocket from 'ws'

export interface Message {
  type: string
  id?: string
  payload?: unknown
}

/** One socket, spoken to message by message. */
export interface RawSocket {
  /** The socket itself, for frames that no client would send. */
  socket: WebSocket
  send(message: object): void
  /** The next message that was not asked for by `answer`; fails when the socket closes instead. */
  next(): Promise<Message>
  /** Sends an operation, and gives the first message about it; that it is complete is not told. */
  answer(query: unknown, variables?: unknown, more?: object): Promise<Message>
  /** What ended it. */
  closed: Promise<{ code: number; reason: string }>
}

interface Options {
  /** Sent in `connection_init`; null sends none. */
  init?: Record<string, unknown> | null
  protocols?: string | string[]
  headers?: Record<string, string>
  path?: string
}

/** Opens a socket and, unless told otherwise, waits for its acknowledgement. Fails with the status of a refused upgrade. */
export async function openSocket(app: { wsUrl: string }, options: Options = {}): Promise<RawSocket> {
  const { init = {}, protocols = 'graphql-transport-ws', headers = {}, path = '' } = options
  const socket = new WebSocket(`${app.wsUrl}${path}`, protocols, { headers })
  const messages: Message[] = []
  const takers = new Map<string, { resolve(message: Message): void; reject(reason: Error): void }[]>()
  let asked = 0
  let over: string | undefined

  const taken = (key: string) =>
    new Promise<Message>((resolve, reject) => {
      if (over) return reject(new Error(over))
      takers.set(key, [...(takers.get(key) ?? []), { resolve, reject }])
    })
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    if (message.type === 'complete' && message.id?.startsWith('asked-')) return
    const taker = takers.get(message.id ?? '')?.shift() ?? takers.get('')?.shift()
    if (taker) taker.resolve(message)
    else messages.push(message)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      over = `The socket was closed: ${code} ${reason}`
      for (const taker of [...takers.values()].flat()) taker.reject(new Error(over))
      resolve({ code, reason: String(reason) })
    })
  })
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  const raw: RawSocket = {
    socket,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    next() {
      const message = messages.shift()
      return message ? Promise.resolve(message) : taken('')
    },
    answer(query, variables, more) {
      asked += 1
      const id = `asked-${asked}`
      const first = taken(id)
      raw.send({
        id,
        type: 'subscribe',
        payload: { query, ...(variables === undefined ? {} : { variables }), ...more },
      })
      return first
    },
  }
  sockets.add(socket)
  if (init !== null) {
    raw.send({ type: 'connection_init', payload: init })
    const answer = await raw.next()
    if (answer.type !== 'connection_ack') throw new Error(`Not acknowledged: ${JSON.stringify(answer)}`)
  }
  return raw
}

const sockets = new Set<WebSocket>()
afterAll(() => {
  for (const socket of sockets) socket.terminate()
})
