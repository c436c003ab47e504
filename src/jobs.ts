import { z } from 'zod'
import type { createErasures } from './erasures.ts'
import type { Services } from './graphql/context.ts'
import type { Notice } from './modules/gate/index.ts'
import type { Clock } from './platform/clock.ts'
import type { JobRunnerOptions } from './platform/jobs.ts'

const deviceIdSchema = z.object({ deviceId: z.string() })
const accountIdSchema = z.object({ accountId: z.string() })
const mailSchema = z.object({ accountId: z.string(), purpose: z.enum(['VERIFY_EMAIL', 'DELETE_ACCOUNT']) })
const personIdSchema = z.object({ personId: z.string() })
const venueIdSchema = z.object({ venueId: z.string() })
const eventIdSchema = z.object({ eventId: z.string() })
const hiddenSchema = z.object({ ownerId: z.string(), by: z.string() })
const decisionIdSchema = z.object({ decisionId: z.string() })

const subjectSchema = z.object({
  kind: z.enum(['MESSAGE', 'ACTIVITY', 'ACTIVITY_MESSAGE', 'ACCOUNT', 'DEVICE', 'VENUE', 'EVENT']),
  id: z.string(),
})
const linksSchema = z.object({ subject: subjectSchema, ownerId: z.string().nullable(), urls: z.array(z.string()) })
const replayIdSchema = z.object({ replayId: z.string() })
const noticeSchema = z.object({
  subject: subjectSchema,
  personId: z.string(),
  decisionId: z.string().nullable(),
  action: z.enum(['HIDE', 'SHADOW']).nullable(),
  openCase: z.boolean(),
  severity: z.number(),
  reasons: z.array(z.string()),
  rule: z.string().nullable(),
  policyId: z.string().nullable(),
  texts: z.array(z.string()),
}) satisfies z.ZodType<Notice>

/** So long an activity has to tell Postgres what it leaves, after its retention. */
const archiveLateMs = 10 * 60 * 1000

/** What is done without being asked, and when. A new job adds its line here. */
export function createJobs(deps: {
  clock: Clock
  activityRetentionMs: number
  services: Services
  erasures: ReturnType<typeof createErasures>
}): Pick<JobRunnerOptions, 'jobs' | 'schedule'> {
  const { clock, activityRetentionMs, erasures } = deps
  const {
    gate,
    audit,
    identity,
    places,
    profiles,
    social,
    sessions,
    activities,
    stats,
    enforcement,
    moderation,
    policies,
    links,
    quarantine,
  } = deps.services
  return {
    jobs: {
      'reveal-hidden': (payload) => {
        const { ownerId, by } = hiddenSchema.parse(payload)
        return enforcement.reveal(ownerId, by)
      },
      'apply-decision': (payload) => enforcement.work(decisionIdSchema.parse(payload).decisionId),
      'judge-written': async (payload) => {
        const { subject, personId: ownerId, decisionId: id, action, ...notice } = noticeSchema.parse(payload)
        const { openCase, severity, reasons, rule, policyId, texts } = notice
        const caseId = openCase ? await moderation.noticed({ subject, ownerId, severity, reasons, texts }) : null
        const said = { reason: rule ?? 'policy', explanation: reasons[0] ?? '' }
        if (id && action)
          await enforcement.decideBySystem({ id, subject, ownerId, caseId, action, rule, policyId, ...said })
      },
      'scan-links': (payload) => links.scan(linksSchema.parse(payload)),
      'replay-policy': (payload) => policies.runReplay(replayIdSchema.parse(payload).replayId),
      'drop-case-evidence': () => moderation.dropEvidence(),
      'drop-judged-writes': () => policies.dropOldJudged(),
      'decay-standings': () => gate.decay(),
      'mirror-person': (payload) => gate.refresh(personIdSchema.parse(payload).personId),
      'drop-social-changes': () => social.dropChanges(),
      'release-stats': () => stats.release(),
      'project-event': async (payload) => {
        const event = await places.projection(eventIdSchema.parse(payload).eventId)
        if (event) await activities.project(event)
      },
      'project-venue': (payload) => places.projectVenue(venueIdSchema.parse(payload).venueId),
      'project-missing': async () => {
        for (const eventId of await activities.missing(await places.toProject(clock.now()))) {
          const event = await places.projection(eventId)
          if (event) await activities.project(event)
        }
      },
      // Those whose activity was lost before it could tell what it leaves.
      'archive-missed': async () => {
        for (const eventId of await places.toArchive(clock.now() - activityRetentionMs - archiveLateMs))
          await places.archive(eventId, { joins: 0, messages: [] })
      },
      'erase-person': (payload) => erasures.device.erase(personIdSchema.parse(payload).personId),
      'erase-account': async (payload) => {
        const { accountId } = accountIdSchema.parse(payload)
        if (await profiles.beginErasure(accountId)) await erasures.account.erase(accountId)
      },
      'send-mail': (payload) => {
        const { accountId, purpose } = mailSchema.parse(payload)
        return profiles.sendMail(accountId, purpose)
      },
      'drop-quarantine': async () => void (await quarantine.dropOld()),
      'drop-mailed-tokens': () => profiles.dropOldTokens(),
      'drop-sign-ins': () => identity.dropOldSignIns(),
      'checkpoint-audit': () => audit.checkpoint(),
      'close-session': (payload) => sessions.closeOf(deviceIdSchema.parse(payload).deviceId),
    },
    schedule: {
      'archive-missed': '* * * * *',
      'checkpoint-audit': '* * * * *',
      'decay-standings': '7 * * * *',
      'drop-case-evidence': '51 3 * * *',
      'drop-judged-writes': '29 * * * *',
      'drop-mailed-tokens': '17 3 * * *',
      'drop-quarantine': '27 3 * * *',
      'drop-sign-ins': '43 * * * *',
      'drop-social-changes': '* * * * *',
      'project-missing': '* * * * *',
      'release-stats': '* * * * *',
    },
  }
}
