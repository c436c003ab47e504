// The subject: the API process as it is, with the settings of its environment.
import { createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { answer } from '../kit/answer.ts'

const app = createApp(readConfig() as ReadyConfig)
answer(app, { port: async () => (await app).port })
