// Invariant: one version judges everywhere, and what it decides follows from what is recorded of a write, which is never its text.
import type { Clock } from '../../platform/clock.ts'
import { BadUserInputError } from '../../platform/errors.ts'
import { createId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/logger.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { RedisConnections } from '../../platform/redis.ts'
import type { AuditService } from '../audit/index.ts'
import { type ImageLevels, imageLabels, type TextLevels, type TextScanner } from '../scanning/index.ts'
import { type CompiledPolicy, compilePolicy } from './compile.ts'
import type { Judgement, PolicyDecision } from './decisions.ts'
import { defaultDocument } from './defaults.ts'
import { labelPredicate } from './documents.ts'
import { PolicyInvalidError } from './errors.ts'
import { signals as allSignals, type Features, type Signal, type Surface } from './features.ts'
import { createInForce, type Judge } from './in-force.ts'
import { createJudgedStore } from './judged-store.ts'
import { createReach, lately } from './reach.ts'
import { createRecorder } from './recorder.ts'
import { createReplayStore } from './replay-store.ts'
import { createReplays, type ReplayService } from './replays.ts'
import { validatePolicy } from './validation.ts'
import { createVersionStore } from './version-store.ts'
import { createVersions, type VersionService } from './versions.ts'

/** A write that was judged, as it is kept: never its text. */
export interface JudgedWrite {
  personId: string
  features: Features
  judgement: Judgement
}

/** Something to try a version on. */
export interface Specimen {
  surface: Surface
  texts: readonly string[]
  signals: readonly Signal[]
  /** Null: nothing is known. */
  trust: number | null
  /** Each like `nsfw>=high`. */
  imageLabels: readonly string[]
}

/** A version, a document that is none yet, or, without either, the version that is active. */
export interface Tried {
  policyId: string | null
  document: string | null
}

export interface PolicyTrial {
  labels: TextLevels
  decision: PolicyDecision
}

export interface PolicyService extends VersionService, ReplayService {
  /** What is decided about a write, from memory. `folded` is its text as the scanner folds it: looked at, never kept. Never refuses. */
  judge(features: Features, folded: string): Judgement
  /** Notes what was judged, for replays. Returns at once and never fails. */
  record(write: JudgedWrite): void
  /** What would be decided. Changes nothing. Refuses a version that is not there, a document that is no policy, and too much text. */
  dryRun(tried: Tried, specimen: Specimen): Promise<PolicyTrial>
  /** Reads what judges, and puts the built-in version there if there is none. To be called once, before anything is judged. */
  ready(): Promise<void>
  /** Notes what waits to be noted. */
  flush(): Promise<void>
  /** Drops what was judged 30 days ago. Repeating it is safe. */
  dropOldJudged(): Promise<void>
  /** Drops what is kept of what a person wrote, and whose a version is. Answers how much. */
  erase(personId: string): Promise<number>
  close(): Promise<void>
}

const unknownTrust = 50
const mostTexts = 20
const mostCharacters = 20_000
const dropBatch = 5000

export function createPolicyService(deps: {
  postgres: Postgres
  redis: RedisConnections
  clock: Clock
  logger: Logger
  metrics: Metrics
  audit: AuditService
  scanner: TextScanner
  approvalShare: number
  /** Enqueues the job that runs a replay, in the transaction. */
  onReplay: (sql: Sql, replayId: string) => Promise<void>
}): PolicyService {
  const { postgres, redis, clock, logger, metrics, audit, scanner } = deps
  const store = createVersionStore(postgres)
  const judged = createJudgedStore(postgres)
  const inForce = createInForce({ redis, store, logger })
  const recorder = createRecorder({ store: judged, logger, metrics })
  const reachOf = createReach({ judged, clock, approvalShare: deps.approvalShare })
  const versions = createVersions({ store, audit, clock, reachOf, onChanged: inForce.changed })
  const replays = createReplays({
    ...{ store: createReplayStore(postgres), judged, audit, clock, enqueue: deps.onReplay },
    versionOf: versions.policy,
  })

  async function policyOf({ policyId, document }: Tried): Promise<CompiledPolicy> {
    if (policyId !== null && document !== null)
      throw new BadUserInputError('Name a version or give a document, not both.', 'document')
    if (policyId !== null) return compilePolicy((await versions.policy(policyId)).document)
    if (document === null) return inForce.now().active.policy
    const validated = validatePolicy(document)
    if ('problems' in validated) throw new PolicyInvalidError(validated.problems)
    return compilePolicy(validated.document)
  }

  return {
    ...versions,
    ...replays,

    judge(features, folded) {
      const { active, shadow } = inForce.now()
      const matched: Record<string, boolean> = {}
      for (const judge of [active, shadow]) judge?.policy.tryPatterns(features.surface, folded, matched)
      const decide = ({ policy }: Judge) => policy.evaluate({ ...features, matched }).decision
      return {
        policyId: active.id,
        decision: decide(active),
        shadow: shadow && { policyId: shadow.id, decision: decide(shadow) },
        matched,
      }
    },

    record({ personId, features: { surface, text, image, signals, trust }, judgement }) {
      const { policyId, decision, shadow, matched } = judgement
      recorder.add({
        ...{ at: new Date(clock.now()), surface, personId, policyId, decision },
        // Written in one way, so that a replay evaluates what is the same once.
        features: { text, image, trust, matched, signals: allSignals.filter((each) => signals.includes(each)) },
        ...{ shadowPolicyId: shadow?.policyId ?? null, shadowDecision: shadow?.decision ?? null },
      })
    },

    async dryRun(tried, { texts, surface, signals, imageLabels: images, trust: given }) {
      const characters = texts.reduce((sum, text) => sum + text.length, 0)
      if (texts.length > mostTexts || characters > mostCharacters)
        throw new BadUserInputError(`At most ${mostTexts} texts of ${mostCharacters} characters together.`, 'texts')
      const trust = given ?? unknownTrust
      if (trust < 0 || trust > 100) throw new BadUserInputError('`trust` is 0 to 100.', 'trust')
      const image = imageLevels(images)
      const policy = await policyOf(tried)
      const { labels, folded } = scanner.scan(texts)
      const matched: Record<string, boolean> = {}
      policy.tryPatterns(surface, folded, matched)
      const { decision } = policy.evaluate({ surface, image, signals, trust, text: labels, matched })
      return { labels, decision }
    },

    async ready() {
      const nowMs = clock.now()
      await store.putFirst(createId(nowMs), defaultDocument, 'Built in.', new Date(nowMs))
      await inForce.look()
    },

    flush: recorder.flush,

    async dropOldJudged() {
      const before = new Date(clock.now() - lately)
      while ((await judged.dropBefore(before, dropBatch)) === dropBatch);
    },

    async erase(personId) {
      // Theirs among them.
      await recorder.flush()
      return (await judged.erase(personId)) + (await store.forget(personId))
    },

    async close() {
      inForce.close()
      await recorder.close()
    },
  }
}

function imageLevels(given: readonly string[]): ImageLevels {
  const image: ImageLevels = {}
  for (const each of given) {
    const predicate = labelPredicate(each, imageLabels)
    if (!predicate) throw new BadUserInputError('An image label is like `nsfw>=high`.', 'imageLabels')
    image[predicate.label] = predicate.atLeast
  }
  return image
}
