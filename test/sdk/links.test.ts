import { cacheExchange } from '@urql/core'
import { vicinityLink } from '../../sdk/src/apollo.ts'
import { vicinityExchange } from '../../sdk/src/urql.ts'
import { scenario } from '../clients/scenario.ts'
import { onApollo } from '../clients/with-apollo.ts'
import { connectWithSdk, sdkFor } from '../clients/with-sdk.ts'
import { onUrql } from '../clients/with-urql.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp({ NUDGE_COOLDOWN_SECONDS: '0' })
})

describe('through the SDK', () => scenario(connectWithSdk, () => app))

describe('through Apollo Client on the SDK', () =>
  scenario(
    (options) => {
      const client = sdkFor(options)
      return onApollo(vicinityLink(client), { drop: client.drop, close: client.dispose })
    },
    () => app,
  ))

describe('through urql on the SDK', () =>
  scenario(
    (options) => {
      const client = sdkFor(options)
      return onUrql(options, [cacheExchange, vicinityExchange(client)], { drop: client.drop, close: client.dispose })
    },
    () => app,
  ))
