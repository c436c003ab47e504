import WebSocket from 'ws'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { createPhone } from '../kit/phones.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const query = JSON.stringify({ query: '{ interestCatalog { id interests { id } } }' })

test('a node that is told to stop under load fails no operation: its clients are sent elsewhere first', async () => {
  const leaving = await app.node({ SHUTDOWN_GRACE_MS: '2000' })
  let answered = 0
  let stopped = false
  const client = async () => {
    let url = leaving.url
    while (!stopped) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: query,
      }).catch((error: Error & { cause?: { code?: string } }) => {
        // Nobody listens there any more: nothing was sent, so nothing failed, and any balancer goes elsewhere.
        if (error.cause?.code === 'ECONNREFUSED') return undefined
        throw error
      })
      if (!response) {
        url = app.url
        continue
      }
      const body = (await response.json()) as { data?: { interestCatalog: unknown[] } }
      expect([response.status, body.data?.interestCatalog.length]).toEqual([200, expect.any(Number)])
      answered += 1
      // What a balancer learns from /health/ready, a client that stays on one connection learns from this.
      if (response.headers.get('connection') === 'close') url = app.url
    }
  }
  const clients = Array.from({ length: 16 }, client)
  await eventually(
    () => answered,
    (count) => count > 100,
  )
  const closing = leaving.close()
  await eventually(
    () => fetch(leaving.url.replace('/graphql', '/health/ready')).then(({ status }) => status),
    (status) => status === 503,
  )
  await closing
  const before = answered
  await eventually(
    () => answered,
    (count) => count > before + 100,
  )
  stopped = true
  await Promise.all(clients)
})

test('what runs on a socket is answered before the socket is closed with 1001', async () => {
  const leaving = await app.node()
  const phone = await createPhone(app)
  const socket = new WebSocket(leaving.wsUrl, 'graphql-transport-ws')
  const heard: { type: string; id?: string; payload?: { data?: Record<string, unknown> } }[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${phone.token}` } }))
  await eventually(
    () => heard.length,
    (count) => count === 1,
  )
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (let i = 0; i < 20; i += 1) {
    socket.send(
      JSON.stringify({
        id: `op${i}`,
        type: 'subscribe',
        payload: {
          query: `mutation { openSession(input: { clientId: "client-${i}-of-many", interests: ["jazz"] }) { __typename } }`,
        },
      }),
    )
  }
  await eventually(
    () => heard.length,
    (count) => count > 1,
  )
  await leaving.close()
  expect(await closed).toBe(1001)
  const answeredOps = heard.filter(({ type }) => type === 'next').map(({ id }) => id)
  const completedOps = heard.filter(({ type }) => type === 'complete').map(({ id }) => id)
  expect(answeredOps).toEqual(expect.arrayContaining(completedOps))
  expect(answeredOps).toHaveLength(20)
})
