import { createTestApp, type TestApp } from '../kit/app.ts'
import { scenario } from './scenario.ts'
import { connectWithUrql } from './with-urql.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
})

describe('through urql', () => scenario(connectWithUrql, () => app))
