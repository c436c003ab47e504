import fc from 'fast-check'
import { type CaseStep, leaseMs, type Refusal, type Taken, take } from '../../src/modules/moderation/case-machine.ts'
import type { CaseChange, CaseState, ModerationCase } from '../../src/modules/moderation/cases.ts'
import { becomesHeavy, patienceMs, severityOf, severityWith } from '../../src/modules/moderation/severity.ts'

const minuteMs = 60_000
const nowMs = 1_800_000_000_000

const kept = (parts: Partial<ModerationCase> = {}): ModerationCase => ({
  ...{ id: 'a', subjectKind: 'VENUE', subjectId: 'v', ownerId: 'o', campusId: null, state: 'OPEN', reasons: ['SPAM'] },
  ...{ severity: 1, round: 1, reportCount: 1, escalationLevel: 0, assigneeId: null, claimedBy: null },
  ...{ claimExpiresAt: null, appealOpen: false, openedAt: new Date(nowMs - minuteMs), overdueToldAt: null },
  ...{ dueAt: new Date(nowMs + 119 * minuteMs), updatedAt: new Date(nowMs - minuteMs), resolvedAt: null },
  ...parts,
})
const held = { claimedBy: 'mia', claimExpiresAt: new Date(nowMs + 1) }
const over = { claimedBy: 'mia', claimExpiresAt: new Date(nowMs) }

const steps: Record<string, CaseStep> = {
  reported: { kind: 'reported', reason: 'ABUSE', severity: 1, alone: 1 },
  noticed: { kind: 'noticed', reasons: ['links'], severity: 1 },
  assigned: { kind: 'assigned', assigneeId: 'mia' },
  claimed: { kind: 'claimed', by: 'ben', isAdmin: false },
  'claimed by ADMIN': { kind: 'claimed', by: 'ada', isAdmin: true },
  released: { kind: 'released', by: 'ben', isAdmin: false },
  'released by ADMIN': { kind: 'released', by: 'ada', isAdmin: true },
  'lease ended': { kind: 'lease ended' },
  escalated: { kind: 'escalated', by: 'ben' },
  actioned: { kind: 'resolved', as: 'ACTIONED', by: 'ben', isAdmin: false },
  dismissed: { kind: 'resolved', as: 'DISMISSED', by: 'ben', isAdmin: false },
  'dismissed by ADMIN': { kind: 'resolved', as: 'DISMISSED', by: 'ada', isAdmin: true },
  late: { kind: 'late' },
  appealed: { kind: 'appealed' },
  'appeal resolved': { kind: 'appeal resolved' },
  reverted: { kind: 'reverted' },
}

type Expected = Refusal | [CaseState, ...CaseChange[]]
const nothing: Record<CaseState, Expected> = {
  ...{ OPEN: ['OPEN'], ESCALATED: ['ESCALATED'], ACTIONED: ['ACTIONED'], DISMISSED: ['DISMISSED'], CLOSED: ['CLOSED'] },
}
const decided = (expected: Expected) => ({ ACTIONED: expected, DISMISSED: expected, CLOSED: expected })
const reopened = decided(['OPEN', 'REOPENED'])
const same = (change: CaseChange): Record<CaseState, Expected> => ({
  ...{ OPEN: ['OPEN', change], ESCALATED: ['ESCALATED', change], ACTIONED: ['ACTIONED', change] },
  ...{ DISMISSED: ['DISMISSED', change], CLOSED: ['CLOSED', change] },
})

/** Of a case that nobody holds, what each step makes of each state. */
const table: Record<string, Record<CaseState, Expected>> = {
  reported: { OPEN: ['OPEN', 'REPORTED'], ESCALATED: ['ESCALATED', 'REPORTED'], ...reopened },
  noticed: { OPEN: ['OPEN', 'RAISED'], ESCALATED: ['ESCALATED', 'RAISED'], ...reopened },
  assigned: { OPEN: ['OPEN', 'ASSIGNED'], ESCALATED: ['ESCALATED', 'ASSIGNED'], ...decided('state') },
  claimed: { OPEN: ['OPEN', 'CLAIMED'], ESCALATED: 'admin', ...decided('state') },
  'claimed by ADMIN': { OPEN: ['OPEN', 'CLAIMED'], ESCALATED: ['ESCALATED', 'CLAIMED'], ...decided('state') },
  released: nothing,
  'released by ADMIN': nothing,
  'lease ended': nothing,
  escalated: { OPEN: ['ESCALATED', 'ESCALATED'], ESCALATED: ['ESCALATED', 'ESCALATED'], ...decided('state') },
  actioned: { OPEN: ['ACTIONED', 'ACTIONED'], ESCALATED: 'admin', ...decided('state') },
  dismissed: { OPEN: ['DISMISSED', 'DISMISSED'], ESCALATED: 'admin', ...decided('state') },
  'dismissed by ADMIN': {
    ...{ OPEN: ['DISMISSED', 'DISMISSED'], ESCALATED: ['DISMISSED', 'DISMISSED'], ...decided('state') },
  },
  late: nothing,
  appealed: same('APPEALED'),
  'appeal resolved': nothing,
  reverted: same('REVERTED'),
}

const shown = (taken: Taken | Refusal): Expected =>
  typeof taken === 'string' ? taken : [taken.next.state, ...taken.changes]

test.each(Object.entries(table))('%s, of a case that nobody holds', (name, expected) => {
  for (const [state, outcome] of Object.entries(expected))
    expect([state, shown(take(kept({ state: state as CaseState }), steps[name] as CaseStep, nowMs))]).toEqual([
      state,
      outcome,
    ])
})

const ofHeld: [string, Expected, Expected][] = [
  // step, while somebody else holds it, after their claim has run out
  ['claimed', 'claimed', ['OPEN', 'CLAIMED']],
  ['claimed by ADMIN', 'claimed', ['OPEN', 'CLAIMED']],
  ['released', 'claimed', ['OPEN']],
  ['released by ADMIN', ['OPEN', 'RELEASED'], ['OPEN']],
  ['lease ended', ['OPEN'], ['OPEN', 'CLAIM_EXPIRED']],
  ['escalated', 'claimed', ['ESCALATED', 'ESCALATED']],
  ['actioned', 'claimed', ['ACTIONED', 'ACTIONED']],
  ['dismissed', 'claimed', ['DISMISSED', 'DISMISSED']],
  ['dismissed by ADMIN', 'claimed', ['DISMISSED', 'DISMISSED']],
  ['assigned', ['OPEN', 'ASSIGNED'], ['OPEN', 'ASSIGNED']],
  ['reported', ['OPEN', 'REPORTED'], ['OPEN', 'REPORTED']],
]
test.each(ofHeld)('%s, of a case that somebody else holds or held', (name, whileHeld, afterwards) => {
  expect(shown(take(kept(held), steps[name] as CaseStep, nowMs))).toEqual(whileHeld)
  expect(shown(take(kept(over), steps[name] as CaseStep, nowMs))).toEqual(afterwards)
})

test('whoever holds a case goes on for five minutes, gives it back, hands it up or decides it', () => {
  const mine = kept({ claimedBy: 'ben', claimExpiresAt: new Date(nowMs + 1) })
  const renewed = take(mine, steps['claimed'] as CaseStep, nowMs) as Taken
  expect(renewed.next.claimExpiresAt).toEqual(new Date(nowMs + leaseMs))
  for (const name of ['released', 'escalated', 'actioned', 'dismissed']) {
    const { next } = take(mine, steps[name] as CaseStep, nowMs) as Taken
    expect([next.claimedBy, next.claimExpiresAt]).toEqual([null, null])
  }
})

test('an appeal that is answered closes the case, unless it was opened again meanwhile', () => {
  const answer = (state: CaseState) =>
    shown(take(kept({ state, appealOpen: true }), { kind: 'appeal resolved' }, nowMs))
  expect(answer('ACTIONED')).toEqual(['CLOSED', 'CLOSED'])
  expect(answer('DISMISSED')).toEqual(['CLOSED', 'CLOSED'])
  expect(answer('OPEN')).toEqual(['OPEN', 'APPEALED'])
  expect(shown(take(kept({ state: 'ACTIONED', appealOpen: true }), { kind: 'appealed' }, nowMs))).toEqual(['ACTIONED'])
})

test('it is told once that a case is late', () => {
  const late = kept({ dueAt: new Date(nowMs) })
  const told = take(late, { kind: 'late' }, nowMs) as Taken
  expect(told.changes).toEqual(['OVERDUE'])
  expect((take(told.next, { kind: 'late' }, nowMs) as Taken).changes).toEqual([])
})

test('a new report opens what was decided in a new round, in which nothing of the old one counts', () => {
  const before = kept({
    ...{ state: 'CLOSED', severity: 5, reasons: ['VIOLENCE'], escalationLevel: 2, assigneeId: 'mia', reportCount: 7 },
    ...{ overdueToldAt: new Date(nowMs - 1), resolvedAt: new Date(nowMs - 1) },
  })
  const { next } = take(before, { kind: 'reported', reason: 'SPAM', severity: 5, alone: 1 }, nowMs) as Taken
  expect(next).toMatchObject({
    ...{
      state: 'OPEN',
      round: 2,
      severity: 1,
      reasons: ['SPAM'],
      escalationLevel: 0,
      assigneeId: null,
      reportCount: 8,
    },
    ...{ openedAt: new Date(nowMs), dueAt: new Date(nowMs + 120 * minuteMs), overdueToldAt: null, resolvedAt: null },
  })
})

test('a case may wait half an hour, an hour or two by how urgent it is, and less once it is more urgent', () => {
  expect([5, 4, 3, 2, 1, 0].map((severity) => patienceMs(severity) / minuteMs)).toEqual([30, 30, 60, 60, 120, 120])
  const current = kept()
  const { next, changes } = take(current, { kind: 'reported', reason: 'HATE', severity: 3, alone: 3 }, nowMs) as Taken
  expect(changes).toEqual(['REPORTED', 'RAISED'])
  expect(next.dueAt).toEqual(new Date(current.openedAt.getTime() + 60 * minuteMs))
})

test('while a case waits its severity never falls and the time that is left never grows, whatever happens to it', () => {
  const step = fc.oneof(
    fc.record({
      ...{ kind: fc.constant('reported' as const), reason: fc.string(), severity: fc.integer({ min: -2, max: 9 }) },
      alone: fc.integer({ min: 0, max: 5 }),
    }),
    fc.record({ kind: fc.constant('noticed' as const), reasons: fc.array(fc.string()), severity: fc.double() }),
    fc.constantFrom(...Object.values(steps)),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (given) => {
      let current = kept()
      for (const [i, one] of given.entries()) {
        const taken = take(current, one, nowMs + i * minuteMs)
        if (typeof taken === 'string') continue
        const { next } = taken
        expect(next.severity).toBeGreaterThanOrEqual(0)
        expect(next.severity).toBeLessThanOrEqual(5)
        if (next.round === current.round) {
          expect(next.severity).toBeGreaterThanOrEqual(current.severity)
          expect(next.dueAt.getTime()).toBeLessThanOrEqual(current.dueAt.getTime())
        } else expect([next.round, next.state]).toEqual([current.round + 1, 'OPEN'])
        current = next
      }
    }),
    { numRuns: 300, seed: 5 },
  )
})

test('however many report something, that makes it one step more urgent, and only as they weigh', () => {
  const after = (count: number, weight: number) => {
    let [severity, before] = [severityOf('SPAM'), weight]
    for (let i = 1; i < count; i += 1) {
      severity = severityWith(severity, 'SPAM', { before, after: before + weight })
      before += weight
    }
    return severity
  }
  expect([after(1, 0.5), after(5, 0.5), after(6, 0.5), after(100, 0.5), after(10_000, 1)]).toEqual([1, 1, 2, 2, 2])
  expect(after(10_000, 0)).toBe(1)
  expect(becomesHeavy({ before: 2.9, after: 3 })).toBe(true)
})
