// The subject: the API process as it is, with the settings of its environment.
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { answer } from '../kit/answer.ts'
import { type EventsOrder, eventOf, streamOf } from '../kit/followed.ts'

const app = createApp(readConfig() as ReadyConfig)

/** Events of a stream, as a service publishes them. */
async function publish({ key, count }: EventsOrder): Promise<void> {
  const { delivery } = await app
  await Promise.all(Array.from({ length: count }, (_, i) => delivery.publish(streamOf, key, eventOf(key, i))))
}

answer(app, { publish, port: async () => (await app).port })
