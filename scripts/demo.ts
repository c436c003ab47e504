import { join } from 'node:path'
import { projectRoot } from '../src/platform/project-root.ts'
import { createNarrator } from './demo/narrator.ts'
import { startDeployment } from './kit/deployment.ts'
import { untilStopped } from './kit/until-stopped.ts'
import { duration } from './kit/written.ts'
import { isRight } from './replay/result.ts'
import { replay } from './replay/run.ts'
import { replaySettings } from './replay/settings.ts'
import { resultTable } from './replay/table.ts'
import { paced } from './replay/timeline.ts'
import { peopleOf, readTrace } from './replay/trace.ts'

const factor = 11

await untilStopped(async (signal) => {
  const contacts = readTrace(join(projectRoot(), 'scripts', 'data', 'break-time.csv'))
  const [from, to] = [contacts[0]?.time ?? 0, contacts.at(-1)?.time ?? 0]
  const say = (line: string) => console.log(`  ${line}`)
  const failed = new AbortController()
  say(
    `A break of ${duration(to - from)}, ${factor} times as fast: ${peopleOf(contacts).length} phones, invented and numbered.`,
  )
  say('Two API processes, a Postgres and a Redis are started for it, and stopped afterwards.\n')
  const deployment = await startDeployment({
    ...{ name: 'demo', nodes: 2, settings: replaySettings, say },
    onEnded: (error) => failed.abort(error),
  })
  try {
    signal.throwIfAborted()
    const result = await replay({
      ...{ contacts, servers: deployment.servers, timeline: paced(factor, from) },
      ...{ seed: 6, interests: 8, drop: 0.8, backWithinMs: 6000 },
      signal: AbortSignal.any([signal, failed.signal]),
      watcher: createNarrator(from, say),
    })
    console.log(resultTable(result))
    return isRight(result)
  } finally {
    await deployment.close()
  }
})
