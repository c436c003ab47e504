import { randomBytes } from 'node:crypto'
import {
  type ClientOptions,
  type Lock,
  localStorageTokens,
  memoryTokens,
  processLock,
  type TabMessage,
  type Tabs,
  type TokenStorage,
} from '../../sdk/src/index.ts'
import { EndSignInText, MeText, NudgesText, SignInsText } from '../../sdk/src/operations.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { connect, hear } from '../kit/sdk.ts'
import { createNetwork, type Network } from '../kit/sdk-network.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const minuteMs = 60_000
const password = 'a long way to the lake'
const newName = () => `u${randomBytes(6).toString('hex')}`

interface Tab {
  storage?: TokenStorage
  network?: Network
  options?: Partial<ClientOptions>
}

const open = ({ storage = memoryTokens(), network = createNetwork(), options = {} }: Tab = {}) => ({
  client: connect(app, { fetch: network.fetch, ...options, auth: { storage, ...options.auth } }),
  storage,
  network,
})

async function signUp(tab: Tab = {}) {
  const opened = open(tab)
  const username = newName()
  expect(await opened.client.auth.register({ username, password })).toMatchObject({
    __typename: 'RegisterPayload',
    account: { username },
  })
  return { ...opened, username }
}

const nameOf = async (client: ReturnType<typeof connect>) => (await client.query(MeText, {})).me?.username
const spentIn = (...networks: Network[]) =>
  networks.flatMap((network) => network.named('Refresh').map(({ input }) => input['refreshToken']))

test('who registers is signed in; who starts again with the same storage still is', async () => {
  const { client, storage, username } = await signUp()
  expect(client.auth.status.get()).toBe('signed-in')
  expect(await nameOf(client)).toBe(username)
  const again = open({ storage })
  await eventually(again.client.auth.status.get, (status) => status === 'signed-in')
  expect(await nameOf(again.client)).toBe(username)
  expect(again.network.named('Refresh')).toHaveLength(1)
})

test('a wrong password and a taken name are answers, and change nothing', async () => {
  const { client, username } = await signUp()
  const other = open().client
  expect(await other.auth.login({ username, password: 'not the password' })).toMatchObject({
    __typename: 'InvalidCredentialsError',
    code: 'UNAUTHENTICATED',
  })
  expect(await other.auth.register({ username, password })).toMatchObject({ __typename: 'UsernameTakenError' })
  expect(other.auth.status.get()).toBe('signed-out')
  expect(await nameOf(client)).toBe(username)
})

test('twenty requests at the end of a token refresh it once', async () => {
  const { client, network, username } = await signUp()
  app.clock.advance(16 * minuteMs)
  const names = await Promise.all(Array.from({ length: 20 }, () => nameOf(client)))
  expect(new Set(names)).toEqual(new Set([username]))
  expect(network.named('Refresh')).toHaveLength(1)
})

test('so do twenty of a phone whose clock is wrong, which learns it from the refusals', async () => {
  const behindMs = app.clock.now() - 60 * minuteMs - Date.now()
  const clock = {
    now: () => Date.now() + behindMs,
    after: (ms: number, run: () => void) => cancelled(setTimeout(run, ms)),
  }
  const { client, network, username } = await signUp({ options: { clock } })
  expect(network.named('Refresh')).toHaveLength(0)
  app.clock.advance(16 * minuteMs)
  const names = await Promise.all(Array.from({ length: 20 }, () => nameOf(client)))
  expect(new Set(names)).toEqual(new Set([username]))
  expect(network.named('Refresh')).toHaveLength(1)
})

test('a refresh whose answers get lost is made again, and nobody is signed out', async () => {
  const { client, network, storage, username } = await signUp()
  app.clock.advance(16 * minuteMs)
  network.loseAnswers('Refresh', 2)
  expect(await nameOf(client)).toBe(username)
  expect(spentIn(network)).toHaveLength(3)
  expect(new Set(spentIn(network)).size).toBe(1)
  app.clock.advance(16 * minuteMs)
  expect(await nameOf(client)).toBe(username)
  expect(await storage.get()).not.toBe(spentIn(network).at(-1))
})

test('without a network nobody is signed out: what was asked fails, and works again later', async () => {
  const { client, network, username } = await signUp()
  app.clock.advance(16 * minuteMs)
  network.cut(true)
  await expect(nameOf(client)).rejects.toMatchObject({ code: 'NETWORK' })
  expect(client.auth.status.get()).toBe('signed-in')
  network.cut(false)
  expect(await nameOf(client)).toBe(username)
})

test('two tabs with one storage never spend the same token, at whatever moments they refresh', async () => {
  const first = await signUp()
  const second = open({ storage: first.storage })
  // On another node, under the same lock.
  const lock: Lock = (name, work) => processLock(name.replace(node.url, app.url), work)
  const node = await app.node()
  const third = open({ storage: first.storage, options: { url: node.url, auth: { lock } } })
  const tabs = [first, second, third]
  for (let round = 0; round < 40; round += 1) {
    app.clock.advance(16 * minuteMs)
    const names = await Promise.all(tabs.flatMap(({ client }) => [nameOf(client), nameOf(client)]))
    expect(new Set(names)).toEqual(new Set([first.username]))
  }
  const spent = spentIn(...tabs.map(({ network }) => network))
  expect(spent.length).toBeGreaterThanOrEqual(40)
  expect(new Set(spent).size).toBe(spent.length)
})

test('tabs that can talk share the token of the one that refreshes, and sign out together', async () => {
  const talk = createTalk()
  const first = await signUp({ options: { auth: { tabs: talk() } } })
  const second = open({ storage: first.storage, options: { auth: { tabs: talk() } } })
  expect(await nameOf(second.client)).toBe(first.username)
  app.clock.advance(16 * minuteMs)
  const before = spentIn(first.network, second.network).length
  await Promise.all([nameOf(first.client), nameOf(second.client)])
  expect(spentIn(first.network, second.network)).toHaveLength(before + 1)
  await first.client.auth.logout()
  await eventually(second.client.auth.status.get, (status) => status === 'signed-out')
})

test('signing out ends the sign-in at the server, the streams, and what is stored', async () => {
  const { client, storage } = await signUp()
  const token = await client.auth.accessToken()
  const refreshToken = await storage.get()
  await client.auth.registerDevice()
  const heard = hear(client, NudgesText, {})
  await eventually(
    () => heard.over || client.status.get() === 'online',
    (isSo) => isSo,
  )
  await client.auth.logout()
  expect(client.auth.status.get()).toBe('device')
  expect(heard.over).toBe(true)
  expect(await storage.get()).toBeNull()
  const thief = open({ storage: memoryTokens(refreshToken) })
  await expect(nameOf(thief.client)).resolves.toBeUndefined()
  expect(thief.client.auth.status.get()).toBe('signed-out')
  const late = open({ options: { auth: { token: () => token } } })
  await eventually(
    () => nameOf(late.client).catch(({ code }) => code),
    (answer) => answer === 'SESSION_REVOKED',
  )
})

test('a sign-in that was ended elsewhere signs out at once, and asks nothing any more', async () => {
  const { client, network, storage, username } = await signUp()
  const changes: string[] = []
  client.auth.status.subscribe((status) => void changes.push(status))
  const other = open()
  await other.client.auth.login({ username, password })
  const heard = hear(client, 'subscription($after:Cursor){inbox(after:$after){...on Ready{cursor}}}', {})
  await eventually(
    () => heard.events.length,
    (length) => length === 1,
  )
  const { me } = await other.client.query(SignInsText, {})
  const signInId = me?.signIns.find(({ current }) => !current)?.id ?? ''
  await other.client.mutate(EndSignInText, { input: { signInId } })
  await eventually(
    () => heard.error,
    (error) => error !== undefined,
  )
  expect(heard.error).toMatchObject({ code: 'SESSION_REVOKED' })
  expect(changes).toEqual(['signed-out'])
  await eventually(
    () => storage.get(),
    (token) => token === null,
  )
  const asked = network.calls.length
  const sockets = client.sockets()
  client.wake()
  expect(await nameOf(client)).toBeUndefined()
  expect(network.calls).toHaveLength(asked + 1)
  expect(client.sockets()).toBe(sockets)
})

test('a stolen token that is used twice ends the sign-in of both, without a loop', async () => {
  const { client, network, storage } = await signUp()
  const thief = open({ storage: memoryTokens(await storage.get()) })
  expect(await nameOf(thief.client)).toBeTruthy()
  app.clock.advance(16 * minuteMs)
  expect(await nameOf(client)).toBeUndefined()
  expect(client.auth.status.get()).toBe('signed-out')
  expect(network.named('Refresh')).toHaveLength(1)
  await eventually(
    () => nameOf(thief.client).catch(({ code }) => code),
    (answer) => answer !== 'SESSION_REVOKED',
  )
  expect(thief.client.auth.status.get()).toBe('signed-out')
})

test('who signs out while a token is refreshed stays signed out', async () => {
  const { client, storage } = await signUp()
  app.clock.advance(16 * minuteMs)
  const asking = nameOf(client).catch(({ code }) => code)
  await client.auth.logout()
  await asking
  expect(client.auth.status.get()).toBe('signed-out')
  expect(await storage.get()).toBeNull()
  expect(await nameOf(client)).toBeUndefined()
})

test('a browser keeps its refresh token in a cookie, and no storage sees it', async () => {
  const network = createNetwork()
  const storage = memoryTokens()
  const options = { auth: { cookie: true, storage } }
  const { client, username } = await signUp({ network, options })
  app.clock.advance(16 * minuteMs)
  expect(await nameOf(client)).toBe(username)
  expect(await storage.get()).toBeNull()
  const reloaded = open({ network, options })
  await eventually(reloaded.client.auth.status.get, (status) => status === 'signed-in')
  expect(await nameOf(reloaded.client)).toBe(username)
  await reloaded.client.auth.logout()
  const later = open({ network, options })
  await eventually(later.client.auth.status.get, (status) => status === 'signed-out')
})

test('a device is renewed during its last day', async () => {
  const deviceStorage = memoryTokens()
  const { client, network } = open({ options: { auth: { deviceStorage } } })
  expect(await client.auth.registerDevice()).toMatchObject({ __typename: 'RegisterDevicePayload' })
  expect(client.auth.status.get()).toBe('device')
  const first = await client.auth.accessToken()
  app.clock.advance((30 * 24 - 23) * 60 * minuteMs)
  expect(await client.auth.accessToken()).not.toBe(first)
  expect(network.named('RenewDevice')).toHaveLength(1)
  const { client: again } = open({ options: { auth: { deviceStorage } } })
  expect(await again.auth.accessToken()).toBe(await client.auth.accessToken())
  expect(again.auth.status.get()).toBe('device')
})

test('signing in on a device goes on with the streams of the device', async () => {
  const { client } = open()
  await client.auth.registerDevice()
  const heard = hear(client, NudgesText, {})
  await eventually(
    () => heard.events.length,
    (length) => length === 1,
  )
  await client.auth.register({ username: newName(), password })
  await eventually(
    () => heard.events.length,
    (length) => length === 2,
  )
  expect(heard).toMatchObject({ over: false, events: [{ nudges: { __typename: 'Ready' } }, heard.events[0]] })
  expect(client.sockets()).toBe(2)
})

test('localStorage keeps a token by name', async () => {
  const kept = new Map<string, string>()
  const localStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
  Object.assign(globalThis, { localStorage })
  const { username } = await signUp({ storage: localStorageTokens() })
  expect([...kept.keys()]).toEqual(['vicinity.token'])
  expect(await nameOf(open({ storage: localStorageTokens() }).client)).toBe(username)
})

const cancelled = (timer: NodeJS.Timeout) => () => clearTimeout(timer)

/** What BroadcastChannel is to tabs. */
function createTalk(): () => Tabs {
  interface Listener {
    hear(message: TabMessage): void
  }
  const all = new Set<Listener>()
  return () => {
    const own: Listener = { hear: () => undefined }
    all.add(own)
    return {
      tell(message) {
        for (const other of all) if (other !== own) other.hear(structuredClone(message))
      },
      listen(listener) {
        own.hear = listener
      },
      close: () => void all.delete(own),
    }
  }
}
