import WebSocket from 'ws'
import { nudgesTopic } from '../../src/modules/matches/events.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { createPhone, type NudgeEvent, type Phone } from '../kit/phones.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

// Nine copies of one long id in every frame: a few hundred events fill what the kernel takes for a socket.
const bulkyDocument = `subscription { nudges { __typename ... on Ready { cursor } ... on ResyncRequired { cursor }
  ... on Nudge { cursor ${Array.from({ length: 9 }, (_, i) => `copy${i}: matchId`).join(' ')} } } }`

const longId = (n: number) => `${n}-`.padEnd(4000, 'x')

/** A phone whose socket reads nothing any more once it has subscribed. */
async function stalledPhone(phone: Phone) {
  const socket = new WebSocket(app.wsUrl, 'graphql-transport-ws')
  const heard: string[] = []
  let closeCode: number | undefined
  socket.on('close', (code) => {
    closeCode = code
  })
  socket.on('message', (data) => heard.push(String(data)))
  await new Promise((resolve) => socket.once('open', resolve))
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${phone.token}` } }))
  await eventually(
    () => heard.length,
    (count) => count >= 1,
  )
  socket.send(JSON.stringify({ id: 'slow', type: 'subscribe', payload: { query: bulkyDocument } }))
  await eventually(
    () => heard.length,
    (count) => count >= 2,
  )
  socket.pause()
  return { socket, heard, code: () => closeCode }
}

test('one stalled subscriber is cut alone with 4412, resumes by its cursor, and changes nothing for others', async () => {
  const phone = await createPhone(app)
  const deviceId = Buffer.from(phone.deviceId, 'base64').toString().split(':')[1] ?? ''
  const stalled = await stalledPhone(phone)
  const healthy = phone.nudges()
  expect(await healthy.next()).toMatchObject({ __typename: 'Ready' })

  const seen: NudgeEvent[] = []
  let published = 0
  const slow = async () => (await app.metrics.slowConsumers.get()).values[0]?.value ?? 0
  while ((await slow()) === 0 && published < 5000) {
    await app.delivery.publish(nudgesTopic, deviceId, {
      matchId: longId(published),
      sessionId: 's',
      shared: [],
      atMs: Date.now(),
    })
    published += 1
    seen.push(await healthy.next())
  }
  expect(await slow()).toBe(1)
  expect(seen.map((event) => 'matchId' in event && event.matchId)).toEqual(
    Array.from({ length: published }, (_, i) => longId(i)),
  )

  stalled.socket.resume()
  await eventually(
    () => stalled.code(),
    (code) => code !== undefined,
    10_000,
  )
  expect(stalled.code()).toBe(4412)
  const last = stalled.heard
    .map((text) => JSON.parse(text))
    .filter(({ type }) => type === 'next')
    .at(-1)?.payload.data.nudges as { cursor: string; matchId?: string }
  const resumed = phone.nudges({ after: last.cursor })
  const next = await resumed.next()
  expect(['Ready', 'ResyncRequired']).toContain(next.__typename)
  resumed.stop()
  healthy.stop()
})
