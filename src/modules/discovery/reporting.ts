// Invariant: what an account sees is reported by the account, and what a phone sees by the phone: neither half leads to the other.
import { ForbiddenError, NotFoundError } from '../../platform/errors.ts'
import type { PersonIds } from '../../platform/person-ids.ts'
import type { ActivityService } from '../activities/index.ts'
import type { SubjectName } from '../enforcement/index.ts'
import type { Viewer } from '../identity/index.ts'
import type { MatchService } from '../matches/index.ts'
import type { ModerationService, NewReport, Report } from '../moderation/index.ts'
import type { Whom } from './whom.ts'

/** Something or somebody, in one of the ways that a viewer can be told of it. */
export type Reported = SubjectName | Whom

export interface Reporting {
  /**
   * Reports something that the viewer was told of. Refuses a name that is none of theirs with NOT_FOUND, what the other half of them sees
   * with FORBIDDEN, and as `ModerationService.report` does. Repeating it with the same client id gives the original.
   */
  report(viewer: Viewer, reported: Reported, report: NewReport): Promise<Report>
}

const ofAccounts = ['MESSAGE', 'ACCOUNT']
const ofEverybody = ['VENUE', 'EVENT']

export function createReporting(deps: {
  moderation: Pick<ModerationService, 'report'>
  matches: Pick<MatchService, 'personOf'>
  personIds: PersonIds
  attendeeNamed: ActivityService['attendeeNamed']
}): Reporting {
  const { moderation, matches, personIds, attendeeNamed } = deps

  async function subjectOf(deviceId: string | null, viewer: Viewer, reported: Reported): Promise<SubjectName> {
    if ('kind' in reported) return reported
    if (deviceId === null) throw new ForbiddenError()
    const id = await personOf(deviceId, viewer, reported)
    if (!id) throw new NotFoundError()
    return { kind: 'DEVICE', id }
  }

  async function personOf(deviceId: string, { sessionId }: Viewer, whom: Whom): Promise<string | undefined> {
    if ('matchId' in whom) return matches.personOf({ deviceId, sessionId }, whom.matchId)
    if ('personId' in whom) return personIds.open(deviceId, whom.personId)
    return attendeeNamed(deviceId, whom.activityId, whom.attendeeId)
  }

  return {
    async report(viewer, reported, report) {
      const { deviceId, accountId } = viewer
      const kind = 'kind' in reported ? reported.kind : 'DEVICE'
      const byAccount = ofAccounts.includes(kind) || (ofEverybody.includes(kind) && accountId !== null)
      const beholder = byAccount ? { deviceId: null, accountId } : { deviceId, accountId: null }
      if (beholder.deviceId === null && beholder.accountId === null) throw new ForbiddenError()
      const selves = [deviceId, accountId].filter((id) => id !== null)
      return moderation.report(beholder, selves, () => subjectOf(deviceId, viewer, reported), report)
    },
  }
}
