import { act } from '../kit/activities.ts'
import { createTestApp, type TestApp } from '../kit/app.ts'
import { codeOf } from '../kit/gql.ts'
import { createPhone, newClientId, type Phone } from '../kit/phones.ts'
import { zurich } from '../kit/places.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})

const block = (phone: Phone, input: object) =>
  phone.ask<{ block: { block: { id: string } } }>(
    'mutation ($input: BlockInput!) { block(input: $input) { ... on BlockPayload { block { id } } } }',
    { input },
  )

interface Row {
  id: string
  displayName: string | null
  isViewer: boolean
}

const attendees = async (phone: Phone, id: string): Promise<Row[]> => {
  const { data } = await phone.ask<{ activity: { attendees: { edges: { node: Row }[] } | null } | null }>(
    'query ($id: ID!) { activity(id: $id) { attendees { edges { node { id displayName isViewer } } } } }',
    { id },
  )
  return data?.activity?.attendees?.edges.map(({ node }) => node) ?? []
}

async function gathering() {
  const [host, ann, ben] = [await createPhone(app), await createPhone(app), await createPhone(app)]
  const made = await act(host, 'createActivity', { clientId: newClientId(), title: 'Chess', emoji: '♟️', ...zurich })
  const activityId = made.activity?.id ?? ''
  await act(ann, 'joinActivity', { activityId, displayName: 'Ann' })
  await act(ben, 'joinActivity', { activityId, displayName: 'Ben' })
  const benAtAnn = (await attendees(ann, activityId)).find(({ displayName }) => displayName === 'Ben')?.id ?? ''
  return { host, ann, ben, activityId, benAtAnn }
}

test('somebody met in an activity is blocked by what they are called there, and gone from it for both', async () => {
  const { ann, ben, activityId, benAtAnn } = await gathering()
  const first = await block(ann, { attendee: { activityId, attendeeId: benAtAnn } })
  expect(first.data?.block.block.id).toBeTruthy()
  expect((await block(ann, { attendee: { activityId, attendeeId: benAtAnn } })).data).toEqual(first.data)
  expect((await attendees(ann, activityId)).map(({ displayName }) => displayName)).toEqual([null, 'Ann'])
  expect((await attendees(ben, activityId)).map(({ displayName }) => displayName)).toEqual([null, 'Ben'])
})

test('who blocks the host has no part in the activity any more', async () => {
  const { ann, activityId } = await gathering()
  const [host] = await attendees(ann, activityId)
  await block(ann, { attendee: { activityId, attendeeId: host?.id } })
  expect((await ann.ask('query ($id: ID!) { activity(id: $id) { id } }', { id: activityId })).data).toEqual({
    activity: null,
  })
})

test('a name is worth nothing in another activity, to a stranger, or made up', async () => {
  const [here, there] = [await gathering(), await gathering()]
  const stranger = await createPhone(app)
  const named = (activityId: string, attendeeId: string) => ({ attendee: { activityId, attendeeId } })
  expect(codeOf(await block(stranger, named(here.activityId, here.benAtAnn)))).toBe('NOT_FOUND')
  expect(codeOf(await block(here.ann, named(here.activityId, 'nobody')))).toBe('NOT_FOUND')
  await block(there.ann, named(there.activityId, here.benAtAnn))
  expect(await attendees(here.ann, here.activityId)).toHaveLength(3)
})

test('it takes exactly one way to say whom', async () => {
  const { ann, activityId, benAtAnn } = await gathering()
  const attendee = { activityId, attendeeId: benAtAnn }
  for (const input of [{}, { attendee, personId: 'x' }, { attendee, matchId: 'x' }, { personId: 'x', matchId: 'x' }])
    expect(codeOf(await block(ann, input))).toBe('BAD_USER_INPUT')
})
