// Invariant: there is exactly one active version and at most one in the shadow; what touches many, two people have decided.
import { createHash } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { IdempotencyMismatchError, NotFoundError } from '../../platform/errors.ts'
import { createId, isId } from '../../platform/ids.ts'
import { keysetCursor, keysetRange, type Listed, type PageRequest } from '../../platform/keyset.ts'
import type { Sql } from '../../platform/postgres.ts'
import { checkedText } from '../../platform/text.ts'
import type { AuditService } from '../audit/index.ts'
import { largestBytes } from './documents.ts'
import { ApprovalNeededError, OwnPolicyError, PolicyInvalidError, PolicyStateError } from './errors.ts'
import type { Reach } from './reach.ts'
import { validatePolicy } from './validation.ts'
import type { PolicyVersion, VersionStore } from './version-store.ts'

export interface VersionService {
  /** A draft. Refuses a document with everything that is wrong with it. Repeating it gives the original, for ever. */
  createPolicy(adminId: string, input: { clientId: string; document: string; note: string }): Promise<PolicyVersion>
  /** Lets it judge, in place of the one that did. Refuses with NOT_FOUND, and what touches many until another has approved it. Safe to repeat. */
  activatePolicy(adminId: string, policyId: string): Promise<PolicyVersion>
  /** Agrees that it may be activated by somebody else. Refuses whoever made it, and one that is active. Safe to repeat. */
  approvePolicy(adminId: string, policyId: string): Promise<PolicyVersion>
  /** Lets it judge beside the active one, in place of the one that did, and decide nothing. Refuses the active one. Safe to repeat. */
  shadowPolicy(adminId: string, policyId: string): Promise<PolicyVersion>
  /** Takes a draft, or the one in the shadow, away. Refuses the active one: activate another. Safe to repeat. */
  retirePolicy(adminId: string, policyId: string): Promise<PolicyVersion>
  /** All versions, newest first. Refuses cursors of other lists. */
  policies(page: PageRequest): Promise<Listed<PolicyVersion>[]>
  policiesById(ids: readonly string[]): Promise<Map<string, PolicyVersion>>
  /** Refuses with NOT_FOUND. */
  policy(policyId: string): Promise<PolicyVersion>
  activePolicy(): Promise<PolicyVersion>
  /** Whether it could be activated only once another has approved it. Null of the active one. */
  needsApproval(version: PolicyVersion): Promise<boolean | null>
}

const longestNote = 1000
const list = 'policies'

export function createVersions(deps: {
  store: VersionStore
  audit: AuditService
  clock: Clock
  reachOf: (version: PolicyVersion) => Promise<Reach | undefined>
  /** What judges is another one now. */
  onChanged: () => Promise<void>
}): VersionService {
  const { store, audit, clock, reachOf } = deps

  async function known(policyId: string): Promise<PolicyVersion> {
    const [version] = isId(policyId) ? await store.byIds([policyId]) : []
    if (!version) throw new NotFoundError()
    return version
  }

  /** Changes a version as it is under the lock; nothing is written down of what changes nothing. */
  async function change(
    { adminId, policyId, action }: { adminId: string; policyId: string; action: string },
    work: (tx: Sql, version: PolicyVersion) => Promise<{ version: PolicyVersion; detail?: object } | undefined>,
  ): Promise<PolicyVersion> {
    if (!isId(policyId)) throw new NotFoundError()
    const { version, isNew } = await store.change(async (tx) => {
      const current = await store.locked(tx, policyId)
      if (!current) throw new NotFoundError()
      const changed = await work(tx, current)
      if (!changed) return { version: current, isNew: false }
      const detail = { number: current.number, ...changed.detail }
      await audit.write(tx, { actorId: adminId, action, target: `policy:${policyId}`, detail })
      return { version: changed.version, isNew: true }
    })
    if (isNew) await deps.onChanged()
    return version
  }

  return {
    async createPolicy(adminId, { clientId, document: text, note: given }) {
      if (text.length > largestBytes) throw new PolicyInvalidError(problemsOf(text))
      const note = checkedText(given, { min: 0, max: longestNote, field: 'note', lines: true })
      const fingerprint = createHash('sha256')
        .update(JSON.stringify([text, note]))
        .digest()
      const original = async () => {
        const made = await store.byClientId(adminId, clientId)
        if (made && !made.fingerprint.equals(fingerprint)) throw new IdempotencyMismatchError()
        return made && known(made.id)
      }
      const earlier = await original()
      if (earlier) return earlier
      const validated = validatePolicy(text)
      if ('problems' in validated) throw new PolicyInvalidError(validated.problems)
      const nowMs = clock.now()
      const [id, createdAt] = [createId(nowMs), new Date(nowMs)]
      const { document } = validated
      const made = await store.change(async (tx) => {
        const version = await store.insert(tx, {
          ...{ id, document, note, clientId, fingerprint, createdAt },
          createdBy: adminId,
        })
        if (!version) return undefined
        const detail = { number: version.number }
        await audit.write(tx, { actorId: adminId, action: 'CREATE_POLICY', target: `policy:${id}`, detail })
        return version
      })
      // Somebody with the same client id was faster.
      return made ?? (await original()) ?? known(id)
    },

    async activatePolicy(adminId, policyId) {
      const version = await known(policyId)
      if (version.state === 'ACTIVE') return version
      const reach = await reachOf(version)
      return change({ adminId, policyId, action: 'ACTIVATE_POLICY' }, async (tx, current) => {
        if (current.state === 'ACTIVE') return undefined
        if (reach && !isApprovedFor(current, adminId)) throw new ApprovalNeededError(reach)
        const replaced = await store.vacate(tx, 'ACTIVE')
        const activated = await store.activate(tx, policyId, adminId, new Date(clock.now()))
        return { version: activated, detail: { replaced, ...reach } }
      })
    },

    approvePolicy: (adminId, policyId) =>
      change({ adminId, policyId, action: 'APPROVE_POLICY' }, async (tx, current) => {
        if (current.createdBy === adminId) throw new OwnPolicyError()
        if (current.approvedBy === adminId) return undefined
        if (current.state === 'ACTIVE') throw new PolicyStateError('ACTIVE')
        return { version: await store.approve(tx, policyId, adminId, new Date(clock.now())) }
      }),

    shadowPolicy: (adminId, policyId) =>
      change({ adminId, policyId, action: 'SHADOW_POLICY' }, async (tx, current) => {
        if (current.state === 'SHADOW') return undefined
        if (current.state === 'ACTIVE') throw new PolicyStateError('ACTIVE')
        const replaced = await store.vacate(tx, 'SHADOW')
        return { version: await store.setState(tx, policyId, 'SHADOW'), detail: { replaced } }
      }),

    retirePolicy: (adminId, policyId) =>
      change({ adminId, policyId, action: 'RETIRE_POLICY' }, async (tx, current) => {
        if (current.state === 'RETIRED') return undefined
        if (current.state === 'ACTIVE') throw new PolicyStateError('ACTIVE')
        return { version: await store.setState(tx, policyId, 'RETIRED') }
      }),

    async policies(page) {
      const found = await store.list(keysetRange(list, page, 'desc'))
      return found.map((item) => ({ item, cursor: keysetCursor(list, { key: item.number, id: item.id }) }))
    },

    async policiesById(ids) {
      const found = await store.byIds(ids.filter(isId))
      return new Map(found.map((version) => [version.id, version]))
    },

    policy: known,

    async activePolicy() {
      const version = await store.active()
      if (!version) throw new NotFoundError()
      return version
    },

    async needsApproval(version) {
      if (version.state === 'ACTIVE') return null
      return !isApproved(version) && (await reachOf(version)) !== undefined
    },
  }
}

/** By somebody who has not made it. */
const isApproved = ({ approvedBy, createdBy }: PolicyVersion) => approvedBy !== null && approvedBy !== createdBy

/** By somebody who neither made it nor activates it. */
const isApprovedFor = (version: PolicyVersion, adminId: string) => isApproved(version) && version.approvedBy !== adminId

function problemsOf(text: string) {
  const validated = validatePolicy(text)
  return 'problems' in validated ? validated.problems : []
}
