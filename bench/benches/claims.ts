import { randomUUID } from 'node:crypto'
import { createBackend } from '../../src/backend.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createDisposers } from '../../src/platform/disposers.ts'
import { createLogger } from '../../src/platform/logger.ts'
import type { Bench } from '../kit/bench.ts'

const tries = 100_000
const crowd = 100

/** A hundred moderators on two nodes who each try to claim every case, all at once: how often two of them have it. */
export const claims: Bench = async ({ stage, say }) => {
  const disposers = createDisposers()
  const config = readConfig({ ...stage.env, LOG_LEVEL: 'silent' }) as ReadyConfig
  const open = () => createBackend(config, { clock: systemClock, logger: createLogger({ level: 'silent' }), disposers })
  const nodes = [await open(), await open()]
  try {
    say(`claims: ${tries.toLocaleString('en-US')} tries, ${crowd} at once`)
    const people = Array.from({ length: crowd }, () => ({ accountId: randomUUID(), isAdmin: true }))
    let [won, lost, failed, double, none] = [0, 0, 0, 0, 0]
    const begun = performance.now()
    for (let n = 0; n < tries / crowd; n += 1) {
      const subject = { kind: 'VENUE' as const, id: randomUUID() }
      const notice = { subject, ownerId: null, severity: 1, reasons: ['bench'], texts: [] }
      const caseId = (await nodes[0]?.services.moderation.noticed(notice)) ?? ''
      const outcomes = await Promise.all(
        people.map((staff, i) =>
          nodes[i % 2]?.services.moderation.claim(staff, caseId).then(
            ({ claimedBy }) => (claimedBy === staff.accountId ? 'won' : 'failed'),
            (error: Error) => (error.name === 'CaseClaimedError' ? 'lost' : 'failed'),
          ),
        ),
      )
      const winners = outcomes.filter((outcome) => outcome === 'won').length
      won += winners
      lost += outcomes.filter((outcome) => outcome === 'lost').length
      failed += outcomes.filter((outcome) => outcome === 'failed').length
      if (winners > 1) double += 1
      if (winners === 0) none += 1
    }
    const perSecond = (tries / (performance.now() - begun)) * 1000
    const figures = { 'claimed twice': [double], 'claimed by nobody': [none], 'tries/s': [perSecond] }
    return {
      bench: 'claims',
      says: `${tries.toLocaleString('en-US')} concurrent tries to claim a case, on two nodes`,
      rows: [{ name: 'vicinity', figures }],
      goals: [{ subject: 'vicinity', figure: 'claimed twice', bound: 0, want: 'at most' }],
      notes: [`${won} won, ${lost} were told who has it, ${failed} were not answered`],
    }
  } finally {
    await disposers.run()
  }
}
