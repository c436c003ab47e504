import {
  InterestCatalogDocument,
  MatchesDocument,
  NudgesDocument,
  type NudgesSubscription,
  OpenSessionDocument,
  type OpenSessionMutation,
  RegisterDeviceDocument,
  ReportSightingsDocument,
  ViewerDocument,
} from '../../sdk/generated/graphql.ts'
import type { TestApp } from '../kit/app.ts'
import { eventually } from '../kit/eventually.ts'
import { beaconAt, newClientId } from '../kit/phones.ts'
import type { Client, Connect, ConnectOptions, Followed } from './client.ts'

interface Phone {
  client: Client
  sessionId: string
  beacon(): string
}

export function scenario(connect: Connect, getApp: () => TestApp) {
  const clients: Client[] = []
  afterAll(() => {
    for (const client of clients) client.close()
  })

  const open = (options: Partial<ConnectOptions>): Client => {
    const { url, wsUrl } = getApp()
    const client = connect({ url, wsUrl, ...options })
    clients.push(client)
    return client
  }

  const register = async (): Promise<string> => {
    const { data } = await open({}).ask(RegisterDeviceDocument, { input: { clientId: newClientId() } })
    if (data?.registerDevice?.__typename !== 'RegisterDevicePayload') throw new Error(JSON.stringify(data))
    return data.registerDevice.token
  }

  const phone = async (interest: string, options: Partial<ConnectOptions> = {}): Promise<Phone> => {
    const client = open({ token: await register(), ...options })
    const opened = await openSession(client, interest)
    if (opened.__typename !== 'OpenSessionPayload') throw new Error(JSON.stringify(opened))
    const { session, beacons } = opened
    return { client, sessionId: session.id, beacon: () => beaconAt(beacons, new Date(getApp().clock.now())) }
  }

  const sees = async (who: Phone, whom: Phone) => {
    const observedAt = new Date(getApp().clock.now()).toISOString()
    const { data } = await who.client.ask(ReportSightingsDocument, {
      input: { sightings: [{ beacon: whom.beacon(), observedAt }] },
    })
    if (data?.reportSightings?.__typename !== 'ReportSightingsPayload') throw new Error(JSON.stringify(data))
    return data.reportSightings.sightings[0]
  }

  const anyInterest = async (client: Client): Promise<string> => {
    const { data } = await client.ask(InterestCatalogDocument, {})
    return data?.interestCatalog[0]?.interests[0]?.id ?? ''
  }

  test('two phones meet, and a nudge missed in a tunnel comes once', async () => {
    const tunnel = createGate()
    const interest = await anyInterest(open({}))
    const ann = await phone(interest, { beforeRetry: tunnel.passed })
    const ben = await phone(interest)
    const [atAnn, atBen] = [ann, ben].map(({ client }) => client.follow(NudgesDocument, {})) as [Nudges, Nudges]
    await eventually(
      () => [...namesOf(atAnn), ...namesOf(atBen)],
      (names) => names.length === 2,
    )

    expect(await sees(ann, ben)).toMatchObject({ match: true, sharedInterests: [interest], nudgeSent: true })
    await eventually(
      () => namesOf(atBen),
      (names) => names.includes('Nudge'),
    )
    await eventually(
      () => namesOf(atAnn),
      (names) => names.includes('Nudge'),
    )
    expect(matchesOf(atAnn)).toEqual(matchesOf(atBen))

    ann.client.drop()
    await tunnel.entered
    const cleo = await phone(interest)
    expect(await sees(cleo, ann)).toMatchObject({ nudgeSent: true })
    tunnel.open()
    await eventually(
      () => namesOf(atAnn),
      (names) => names.length === 4,
    )
    const dan = await phone(interest)
    await sees(dan, ann)
    await eventually(
      () => namesOf(atAnn),
      (names) => names.length === 5,
    )
    expect(namesOf(atAnn)).toEqual(['Ready', 'Nudge', 'Ready', 'Nudge', 'Nudge'])

    const { data } = await ann.client.ask(MatchesDocument, { first: 10 })
    const listed = data?.session?.matches.edges.map(({ node }) => node.id)
    expect(matchesOf(atAnn)).toEqual(listed?.reverse())
    for (const stream of [atAnn, atBen]) stream.stop()
  })

  test('a refusal that a client can cause is a type of its own', async () => {
    const interest = await anyInterest(open({}))
    const { client, sessionId } = await phone(interest)
    expect(told(await openSession(client, interest))).toBe(`go on with ${sessionId}`)
    expect(told(await openSession(open({ token: await register() }), 'no-such-thing'))).toBe('not known: no-such-thing')
  })

  test('an invalid token is refused over HTTP, and ends a stream without another try', async () => {
    let retries = 0
    const beforeRetry = async () => {
      retries += 1
    }
    const client = open({ token: 'nonsense', beforeRetry })
    expect(await client.ask(ViewerDocument, {})).toEqual({ data: undefined, code: 'UNAUTHENTICATED' })
    const stream = client.follow(NudgesDocument, {})
    expect(await stream.ended).toBe(4403)
    expect({ retries, events: stream.events }).toEqual({ retries: 0, events: [] })
  })
}

type Nudges = Followed<NudgesSubscription>

const namesOf = ({ events }: Nudges) => events.map(({ nudges }) => nudges.__typename)
const matchesOf = ({ events }: Nudges) =>
  events.flatMap(({ nudges }) => (nudges.__typename === 'Nudge' ? [nudges.matchId] : []))

type Opened = NonNullable<OpenSessionMutation['openSession']>

async function openSession(client: Client, interest: string): Promise<Opened> {
  const { data, code } = await client.ask(OpenSessionDocument, {
    input: { clientId: newClientId(), interests: [interest] },
  })
  if (!data?.openSession) throw new Error(`openSession: ${code}`)
  return data.openSession
}

/** What an app would do about each outcome. */
function told(opened: Opened): string {
  switch (opened.__typename) {
    case 'OpenSessionPayload':
      return 'open'
    case 'SessionAlreadyOpenError':
      return `go on with ${opened.conflictingId}`
    case 'UnknownInterestsError':
      return `not known: ${opened.unknown.join()}`
    default:
      return opened.message
  }
}

/** Holds whoever wants to pass until it is opened, and tells when somebody has come. */
function createGate() {
  let come: () => void = () => undefined
  let open: () => void = () => undefined
  const entered = new Promise<void>((resolve) => {
    come = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const passed = () => {
    come()
    return opened
  }
  return { entered, passed, open: () => open() }
}
