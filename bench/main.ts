import { writeFileSync } from 'node:fs'
import { alike } from './benches/alike.ts'
import { audit } from './benches/audit.ts'
import { caseLists } from './benches/cases.ts'
import { claims } from './benches/claims.ts'
import { decisions } from './benches/decisions.ts'
import { fanout } from './benches/fanout.ts'
import { fence } from './benches/fence.ts'
import { flapping } from './benches/flapping.ts'
import { gate } from './benches/gate.ts'
import { heartbeats } from './benches/heartbeats.ts'
import { http } from './benches/http.ts'
import { idle } from './benches/idle.ts'
import { imageHashes } from './benches/image-hashes.ts'
import { killing } from './benches/killing.ts'
import { match } from './benches/match.ts'
import { growth, nearby } from './benches/nearby.ts'
import { policies } from './benches/policies.ts'
import { policyReplay } from './benches/policy-replay.ts'
import { queueLatency } from './benches/queue.ts'
import { send } from './benches/send.ts'
import { sightings } from './benches/sightings.ts'
import { start } from './benches/start.ts'
import { sync } from './benches/sync.ts'
import type { Bench } from './kit/bench.ts'
import { stopChildren } from './kit/child.ts'
import { describeMachine, type Machine } from './kit/machine.ts'
import { judge, type Outcome, printed } from './kit/outcome.ts'
import { openStage } from './kit/stage.ts'
import { readOptions, UsageError, usage } from './options.ts'

const benches: Record<string, Bench> = {
  http,
  sightings,
  heartbeats,
  nearby,
  growth,
  flapping,
  match,
  alike,
  fanout,
  fence,
  idle,
  killing,
  start,
  send,
  sync,
  audit,
  policies,
  'policy-replay': policyReplay,
  decisions,
  cases: caseLists,
  claims,
  queue: queueLatency,
  gate,
  'image-hashes': imageHashes,
}

async function main(): Promise<number> {
  const { names, rounds, roundMs, json, check, profile } = readOptions(process.argv.slice(2), Object.keys(benches))
  const say = (line: string) => process.stderr.write(`  ${line}\n`)
  const machine = describeMachine()
  console.log(`${describe(machine)}\n${rounds} rounds in turns; medians\n`)

  const stage = await openStage(say)
  const outcomes: Outcome[] = []
  try {
    for (const name of names) {
      const outcome = await benches[name]?.({ stage, rounds, roundMs, profile, say })
      if (!outcome) continue
      outcomes.push(outcome)
      console.log(`${printed(outcome)}\n`)
    }
  } finally {
    await stopChildren()
    await stage.close()
  }
  if (json) {
    const results = outcomes.map((outcome) => ({ ...outcome, verdicts: judge(outcome) }))
    writeFileSync(json, `${JSON.stringify({ machine, rounds, results }, null, 2)}\n`)
  }
  const missed = outcomes.flatMap(judge).filter(({ missedClearly }) => missedClearly)
  for (const { goal } of missed) console.log(`missed clearly: ${goal}`)
  return check && missed.length > 0 ? 1 : 0
}

function describe({ cores, cpu, memoryGiB, node, platform, load, pinned }: Machine): string {
  const where = pinned ? 'server on core 0, load on core 1' : 'not pinned: the figures are rough'
  return `${cores} × ${cpu}, ${memoryGiB} GiB, ${platform}, node ${node}; load average ${load}; ${where}`
}

try {
  process.exitCode = await main()
} catch (error) {
  const wrong = error instanceof UsageError
  console.error(wrong ? `${error.message}\n\n${usage(Object.keys(benches))}` : error)
  process.exitCode = wrong ? 2 : 1
}
