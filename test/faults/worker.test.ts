import { createTestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { beaconAt, createPhone } from '../kit/phones.ts'
import { run } from '../kit/process.ts'

test('a worker takes what the API enqueued, and ends when it is told to', async () => {
  const app = await createTestApp()
  const [ann, ben] = [await createPhone(app), await createPhone(app)]
  const { beacons } = await ann.open(['jazz'])
  await ben.open(['jazz'])
  await ann.ask('mutation { revokeDevice(input: {}) { __typename } }')

  const { databaseUrl, redisUrl, redisPrefix, secret } = app.config
  const worker = run(['dist/src/worker.js'], {
    ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, REDIS_PREFIX: redisPrefix, VICINITY_SECRET: secret },
    LOG_LEVEL: 'info',
  })
  await worker.says('working')
  const closed = async () => {
    const at = new Date(app.clock.now())
    const [result] = await ben.report([beaconAt(beacons, at)], at)
    return result?.match === false
  }
  await eventually(closed, Boolean)
  worker.child.kill('SIGTERM')
  expect(await worker.ended).toMatchObject({ code: 0 })
})

test('a worker that is not told its stores says what is missing', async () => {
  const worker = run(['dist/src/worker.js'], {})
  const { code, output } = await worker.ended
  expect(code).toBe(1)
  for (const name of ['VICINITY_SECRET', 'DATABASE_URL', 'REDIS_URL']) expect(output).toContain(name)
})
