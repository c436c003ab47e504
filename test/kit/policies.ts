// biome-ignore-all lint/suspicious/noThenProperty: the word of the documents, which nobody awaits
import type { Features, Judgement } from '../../src/modules/policies/index.ts'
import { createId } from '../../src/platform/ids.ts'
import type { TestApp } from './app.ts'
import { ask } from './gql.ts'
import { newClientId } from './phones.ts'

export interface Policy {
  id: string
  number: number
  state: string
  approvedBy: string | null
  needsApproval?: boolean | null
}

export interface PolicyAnswer {
  result: {
    __typename: string
    code?: string
    policy?: Policy
    problems?: { path: string; message: string }[]
    rule?: string
    share?: number
  } | null
}

const answerFields = (payload: string) =>
  `__typename ... on Error { code } ... on ${payload} { policy { id number state approvedBy } }`
const createDocument = `mutation ($input: CreatePolicyInput!) { result: createPolicy(input: $input) {
  ${answerFields('CreatePolicyPayload')} ... on PolicyInvalidError { problems { path message } } } }`
const changeDocument = (name: string, type: string, more = '') =>
  `mutation ($input: ${type}Input!) { result: ${name}(input: $input) { ${answerFields(`${type}Payload`)} ${more} } }`
const changeDocuments = {
  activate: changeDocument('activatePolicy', 'ActivatePolicy', '... on ApprovalNeededError { rule share }'),
  approve: changeDocument('approvePolicy', 'ApprovePolicy'),
  shadow: changeDocument('shadowPolicy', 'ShadowPolicy'),
  retire: changeDocument('retirePolicy', 'RetirePolicy'),
}

/** A document of one rule. */
export const policyDocument = (when: object, then: object = {}, id = 'rule') =>
  JSON.stringify({ rules: [{ id, when, then: { action: 'HIDE', severity: 2, reason: 'Because.', ...then } }] })

export const createPolicy = (app: { url: string }, token: string, document: string, clientId = newClientId()) =>
  ask<PolicyAnswer>(app, createDocument, { input: { clientId, document } }, { token })

export const changePolicy = (
  app: { url: string },
  token: string | undefined,
  what: keyof typeof changeDocuments,
  policyId: string,
) => ask<PolicyAnswer>(app, changeDocuments[what], { input: { policyId } }, { token })

/** A version that is there; its global id. */
export async function draft(app: { url: string }, token: string, document: string): Promise<string> {
  const { data, errors } = await createPolicy(app, token, document)
  if (!data?.result?.policy) throw new Error(JSON.stringify(data ?? errors))
  return data.result.policy.id
}

/** A version that decides. */
export async function activated(app: { url: string }, token: string, document: string): Promise<string> {
  const id = await draft(app, token, document)
  const { data, errors } = await changePolicy(app, token, 'activate', id)
  if (!data?.result?.policy) throw new Error(JSON.stringify(data ?? errors))
  return id
}

export const plainFeatures: Features = { surface: 'ACTIVITY', text: {}, image: {}, signals: [], trust: 50 }

/** Judges and notes, as the gate does. */
export function judged(
  app: TestApp,
  changed: Partial<Features> = {},
  { personId = newPerson(app), folded = '' } = {},
): Judgement {
  const features = { ...plainFeatures, ...changed }
  const judgement = app.services.policies.judge(features, folded)
  app.services.policies.record({ personId, features, judgement })
  return judgement
}

export const newPerson = (app: TestApp) => createId(app.clock.now())

/** Everything that was noted, as it is kept. */
export async function judgedRows(app: TestApp) {
  await app.services.policies.flush()
  const { rows } = await app.postgres.pool.query<{
    surface: string
    person_id: string
    features: Record<string, unknown>
    policy_id: string | null
    decision: { action: string }
    shadow_policy_id: string | null
    shadow_decision: { action: string } | null
  }>('select * from judged_writes order by at, id')
  return rows
}
