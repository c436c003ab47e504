// What both faces of the example have in common: signing in, and one conversation with somebody.
import { createClient, until } from '@vicinity/client'
import { createMessenger } from '@vicinity/client/store'

/** A client that is signed in; whoever is new is registered. Once signed in, this works without a network too. */
export async function signIn(options, username, password) {
  const client = createClient(options)
  const status = await until(client.auth.status, (now) => now !== 'restoring')
  if (status === 'signed-in') return client
  const login = await client.auth.login({ username, password })
  if (login.__typename === 'LoginPayload') return client
  const registered = await client.auth.register({ username, password })
  if (registered.__typename === 'RegisterPayload') return client
  throw new Error(`${username} cannot sign in: ${registered.message ?? registered.__typename}`)
}

/** Talks to somebody. `show` is called with everything that there is to see, whenever that changes. */
export async function chatWith(peer, { client, storage, tabs, show }) {
  const messenger = createMessenger({ client, storage, ...(tabs && { tabs }), readsWhatIsWatched: true })
  messenger.start()
  const id = (await known(messenger, peer)) ?? (await messenger.openDirect(peer))
  const messages = messenger.messages(id)
  const tell = () => show({ ...messages.get(), phase: messenger.phase.get() })
  const stops = [messages.subscribe(tell), messenger.phase.subscribe(tell)]
  return {
    send: (body) => messenger.send(id, body),
    retry: (message) => messenger.retry(id, message.key),
    older: () => messenger.loadOlder(id),
    stop() {
      for (const stop of stops) stop()
      messenger.stop()
    },
  }
}

/** The conversation with somebody, if it is on the device: it opens offline then. */
async function known(messenger, peer) {
  const list = messenger.conversations()
  const first = await new Promise((resolve) => {
    const stop = list.subscribe((conversations) => {
      stop()
      resolve(conversations)
    })
    // An empty list stays the same.
    setTimeout(() => resolve(list.get()), 500)
  })
  const isTheirs = ({ kind, members }) => kind === 'DIRECT' && members.some(({ profile }) => profile.username === peer)
  return first.find(isTheirs)?.id
}
