// What runs in the browser of sdk.test.ts: a small app on the hooks of the SDK. `api` is where the API is; with `how=cookie` the
// sign-in is kept in a cookie.
import { createElement as h, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { createClient, localStorageTokens } from '../../sdk/src/index.ts'
import {
  useAuthStatus,
  useConnectionStatus,
  useInboxSubscription,
  useMeQuery,
  useUpdateProfileMutation,
  useVicinity,
  VicinityProvider,
} from '../../sdk/src/react.ts'

const page = globalThis as unknown as {
  location: { search: string }
  document: { getElementById(id: string): Element }
}
type Element = Parameters<typeof createRoot>[0]

const asked = new URLSearchParams(page.location.search)
const cookie = asked.get('how') === 'cookie'
const client = createClient({
  url: asked.get('api') ?? '',
  auth: cookie ? { cookie } : { storage: localStorageTokens() },
})

const password = 'a long way to the lake'
const shown = (id: string, value: unknown) => h('p', { id }, JSON.stringify(value))
const button = (id: string, onClick: () => unknown) =>
  h('button', { id, type: 'button', onClick: () => void onClick() }, id)

function Gate() {
  const status = useAuthStatus()
  const { auth } = useVicinity()
  const [username, setUsername] = useState('')
  return h(
    'main',
    null,
    shown('status', status),
    h('input', {
      id: 'username',
      value: username,
      onChange: (event: { target: unknown }) => setUsername((event.target as { value: string }).value),
    }),
    button('register', () => auth.register({ username, password })),
    button('logout', () => auth.logout()),
    status === 'signed-in' ? h(Home) : null,
  )
}

function Home() {
  const { data, error, refetch } = useMeQuery()
  const [update, { data: updated }] = useUpdateProfileMutation()
  const [said, setSaid] = useState<string[]>([])
  const { error: lost } = useInboxSubscription(
    {},
    {
      onEvent({ inbox: event }) {
        if (event.__typename !== 'ConversationChanged' || event.change.__typename !== 'MessageSent') return
        const { body } = event.change.message
        setSaid((before) => [...before, body ?? ''])
      },
    },
  )
  return h(
    'section',
    null,
    shown('me', data?.me?.username ?? null),
    shown('name', data?.me?.displayName ?? null),
    shown('error', error?.code ?? lost?.code ?? null),
    shown('said', said),
    shown('online', useConnectionStatus()),
    shown('updated', updated?.updateProfile?.__typename ?? null),
    button('refetch', refetch),
    button('rename', () => update({ input: { displayName: 'Somebody' } })),
  )
}

createRoot(page.document.getElementById('root')).render(h(VicinityProvider, { client }, h(Gate)))
