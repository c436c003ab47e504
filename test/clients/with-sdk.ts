import { print } from 'graphql'
import { VicinityError } from '../../sdk/src/index.ts'
import { createSdk } from '../kit/sdk.ts'
import { type Connect, type ConnectOptions, createFollowed } from './client.ts'

/** The SDK with a token of its own, and somebody who looks on before each reconnect. */
export function sdkFor({ url, wsUrl, token, beforeRetry }: ConnectOptions) {
  let connects = 0
  const address = async () => {
    connects += 1
    if (connects > 1) await beforeRetry?.()
    return wsUrl
  }
  return createSdk({ url, wsUrl: address, auth: { token: () => token ?? null } })
}

/** The SDK's client alone. */
export const connectWithSdk: Connect = (options) => {
  const client = sdkFor(options)
  return {
    async ask(document, variables) {
      try {
        return { data: (await client.query(print(document), variables)) as never, code: undefined }
      } catch (error) {
        return { data: undefined, code: error instanceof VicinityError ? error.code : error }
      }
    },
    follow: (document, variables) =>
      createFollowed(({ next, end }) =>
        client.subscribe(print(document), variables, {
          next: (data) => next(data as never),
          error: end,
          complete: () => end(),
        }),
      ),
    drop: client.drop,
    close: client.dispose,
  }
}
