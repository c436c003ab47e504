import type { ReportReason } from './cases.ts'

export const highestSeverity = 5
/** From here on it is told when a case is handed up, and half an hour is all there is. */
export const urgentSeverity = 4

const severities: Record<ReportReason, number> = {
  SELF_HARM: 4,
  VIOLENCE: 4,
  HATE: 3,
  HARASSMENT: 3,
  SEXUAL: 3,
  ABUSE: 2,
  SCAM: 2,
  SPAM: 1,
  OTHER: 1,
}

export const severityOf = (reason: ReportReason) => severities[reason]

/** Reports that weigh so much together make their case one step more urgent, once. However many more come, that is all they do. */
const heavy = 3

/** What the reports of one round weigh, before one more and with it. */
export interface Weighed {
  before: number
  after: number
}

/** Whether it is this report that makes them so many. */
export const becomesHeavy = ({ before, after }: Weighed) => before < heavy && after >= heavy

/** How urgent a case becomes with one more report in its round. */
export function severityWith(severity: number, reason: ReportReason, weight: Weighed): number {
  const risen = Math.max(severity, severityOf(reason))
  return becomesHeavy(weight) ? Math.min(risen + 1, highestSeverity) : risen
}

/** What a report counts, 0 to 1, by how far its reporter is trusted, 0 to 100. */
export const weightOf = (trust: number) => Math.min(Math.max(trust / 100, 0), 1)

const minuteMs = 60_000

/** How long a case may wait. */
export function patienceMs(severity: number): number {
  if (severity >= urgentSeverity) return 30 * minuteMs
  return severity >= 2 ? 60 * minuteMs : 120 * minuteMs
}
