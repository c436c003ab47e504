import { type Deployment, startDeployment } from '../kit/deployment.ts'
import { serverAt } from '../kit/server.ts'
import { duration, written } from '../kit/written.ts'
import type { Options } from './options.ts'
import { createProgress } from './progress.ts'
import { isRight } from './result.ts'
import { replay } from './run.ts'
import { replaySettings } from './settings.ts'
import { resultTable } from './table.ts'
import { atFullSpeed, driven, paced } from './timeline.ts'
import { type Contact, partOf, peopleOf, readTrace } from './trace.ts'

/** What `--rules on` turns on. */
export const rules = { cooldownSeconds: 300, nudgesPerSession: 10 }

/** Replays a file and prints what came of it. Answers whether all was right. */
export async function replayFile(options: Options, signal: AbortSignal): Promise<boolean> {
  const contacts = partOf(readTrace(options.file), options)
  const span = { from: contacts[0]?.time ?? 0, to: contacts.at(-1)?.time ?? 0 }
  const progress = createProgress(options.json ? process.stderr : process.stdout)
  for (const line of announcement(options, contacts, span)) progress.say(line)

  const failed = new AbortController()
  const deployment = await deploy(options, progress.say, (error) => failed.abort(error))
  try {
    signal.throwIfAborted()
    const result = await replay({
      ...options,
      contacts,
      servers: deployment.servers,
      timeline: options.rules
        ? driven(span.from, deployment.setClock, deployment.clockMs)
        : options.factor
          ? paced(options.factor, span.from)
          : atFullSpeed(),
      rules: options.rules ? rules : undefined,
      signal: AbortSignal.any([signal, failed.signal]),
      watcher: progress.watcher,
    })
    progress.end()
    console.log(options.json ? JSON.stringify(result) : resultTable(result))
    return isRight(result)
  } finally {
    progress.end()
    await deployment.close()
  }
}

function deploy(options: Options, say: (line: string) => void, onEnded: (error: Error) => void) {
  const clockMs = Date.now()
  const [first, ...more] = options.urls.map(serverAt)
  if (first) {
    const given: Deployment = {
      servers: [first, ...more],
      setClock: async () => undefined,
      close: async () => undefined,
    }
    return { ...given, clockMs }
  }
  return startDeployment({
    ...{ name: 'replay', nodes: options.nodes, say, onEnded },
    settings: {
      ...replaySettings,
      ...(options.rules
        ? {
            NUDGE_COOLDOWN_SECONDS: String(rules.cooldownSeconds),
            NUDGES_PER_SESSION: String(rules.nudgesPerSession),
          }
        : {}),
    },
    clockMs: options.rules ? clockMs : undefined,
  }).then((deployment) => ({ ...deployment, clockMs }))
}

function announcement(options: Options, contacts: Contact[], { from, to }: { from: number; to: number }): string[] {
  const { urls, nodes, drop, seed, interests, factor } = options
  const where = urls.length > 0 ? urls.join(', ') : `${nodes} API ${nodes === 1 ? 'process' : 'processes'} of its own`
  const pace = options.rules ? 'the servers’ clock follows it' : factor ? `${factor} × as fast` : 'as fast as it goes'
  const settings = options.rules
    ? `cooldown ${rules.cooldownSeconds} s, ${rules.nudgesPerSession} nudges a session; rate limits off`
    : 'nudge cooldown, nudge cap and rate limits off'
  return [
    `trace     ${written(contacts.length)} contacts of ${written(peopleOf(contacts).length)} people in ${duration(to - from)}, ${pace}`,
    `servers   ${where}`,
    `settings  ${urls.length > 0 ? `those of the servers; expected: ${settings}` : settings}`,
    `phones    1 to ${interests} interests each, seed ${seed}`,
    ...(drop > 0 ? [`cuts      ${drop} of the sockets in each minute of the run and in each hour of the trace`] : []),
  ]
}
