import { createTestApp, type TestApp } from '../kit/app.ts'
import { scenario } from './scenario.ts'
import { connectWithFetch } from './with-fetch.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
})

describe('through plain graphql-ws and fetch', () => scenario(connectWithFetch, () => app))
