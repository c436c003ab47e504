// Makes devices and their tokens, past the limits, in a process of its own: its garbage must not be counted as the subject's.
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { createId } from '../../src/platform/ids.ts'
import { answer } from '../kit/answer.ts'

const app = createApp(readConfig() as ReadyConfig)

export interface Device {
  deviceId: string
  token: string
}

async function devices(count: number): Promise<Device[]> {
  const { postgres, services } = await app
  const ids = Array.from({ length: count }, () => createId(Date.now()))
  await postgres.pool.query(
    'insert into devices (id, registration) select id, id::text from unnest($1::uuid[]) as id',
    [ids],
  )
  return Promise.all(
    ids.map(async (deviceId) => ({ deviceId, token: await services.identity.mintDeviceToken(deviceId) })),
  )
}

answer(app, { devices })
