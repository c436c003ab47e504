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

/** A phone with an open session. */
export interface Phone extends Device {
  /** What it advertises now. */
  beacon: string
}

/** Phones with open sessions; those with an even number share their interests, and so do the odd ones. */
async function crowd(count: number): Promise<Phone[]> {
  const { postgres, services } = await app
  const { rows } = await postgres.pool.query<{ id: string }>('select id from interests order by id limit 6')
  const interests = rows.map(({ id }) => id)
  const phones: Phone[] = []
  for (const [i, device] of (await devices(count)).entries()) {
    const viewer = { deviceId: device.deviceId, sessionId: null }
    const own = i % 2 === 0 ? interests.slice(0, 3) : interests.slice(3)
    const session = await services.sessions.open(viewer, { clientId: `bench-${i}`, interests: own })
    const now = new Date()
    const beacon = services.sessions.beaconsOf(session).find(({ validUntil }) => now < validUntil)?.value ?? ''
    phones.push({ ...device, beacon })
  }
  return phones
}

/** An activity that somebody hosts. */
async function activity(hostId: string): Promise<string> {
  const { services } = await app
  const place = { latitude: 47.3769, longitude: 8.5417 }
  const made = await services.activities.create(hostId, {
    ...{ clientId: `bench-${hostId}`, title: 'Chess in the park', emoji: '♟️', ...place },
  })
  return made.id
}

answer(app, { devices, crowd, activity })
