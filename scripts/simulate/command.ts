import { setTimeout as pause } from 'node:timers/promises'
import { type Deployment, ownSettings, startDeployment } from '../kit/deployment.ts'
import { serverAt } from '../kit/server.ts'
import { cityNamed } from './city.ts'
import type { Options } from './options.ts'
import { createScreen, type Screen } from './screen.ts'
import { createSimulation } from './simulation.ts'
import { passed, summaryOf } from './summary.ts'

/** Lets people walk, shows it, and prints what came of it. Answers whether all was right. */
export async function simulate(options: Options, signal: AbortSignal): Promise<boolean> {
  const screen = createScreen(process.stdout)
  for (const line of announcement(options)) screen.say(line)
  const failed = new AbortController()
  const deployment = await deploy(options, screen, (error) => failed.abort(error))
  try {
    signal.throwIfAborted()
    const city = cityNamed(options.city)
    const { people, seed, beatSeconds } = options
    const { servers } = deployment
    const simulation = createSimulation({
      ...{ people, seed, beatSeconds, servers, city },
      onFailed: (error) => failed.abort(error),
    })
    let beganMs: number | undefined
    const elapsed = () => (beganMs === undefined ? 0 : (performance.now() - beganMs) / 1000)
    const when = () => {
      if (beganMs === undefined) return 'people arrive'
      return options.seconds === 0
        ? `${clock(elapsed())}, Ctrl-C ends it`
        : `${clock(elapsed())} of ${clock(options.seconds)}`
    }
    const show = (always = false) => screen.show({ simulation, when: when() }, always)
    const drawing = setInterval(show, 250)
    try {
      await Promise.race([simulation.gather(), aborted(AbortSignal.any([signal, failed.signal]))])
      beganMs = performance.now()
      const forMs = options.seconds === 0 ? 2 ** 31 - 1 : options.seconds * 1000
      // Ctrl-C from here on only ends it early: what was seen until then is judged.
      const stopped = AbortSignal.any([signal, failed.signal])
      await pause(forMs, undefined, { signal: stopped }).catch(() => undefined)
      failed.signal.throwIfAborted()
      const seconds = elapsed()
      show(true)
      clearInterval(drawing)
      const verdict = await Promise.race([simulation.settle(), aborted(failed.signal)])
      screen.end()
      console.log(summaryOf(simulation, verdict, seconds))
      return passed(verdict, simulation.counters.errors.size)
    } finally {
      clearInterval(drawing)
      screen.end()
      simulation.close()
    }
  } finally {
    await deployment.close()
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

/** 1:05, 2:00:00 */
function clock(seconds: number): string {
  const whole = Math.floor(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (part: number) => String(part).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

async function deploy(options: Options, { say }: Screen, onEnded: (error: Error) => void) {
  const [first, ...more] = options.urls.map(serverAt)
  if (!first) {
    // Sweeps of what has run out belong to what is simulated.
    const settings = { ...ownSettings, WORKER: 'inline' }
    return startDeployment({ name: 'simulate', nodes: options.nodes, settings, say, onEnded, onLog: say })
  }
  const given: Deployment = { servers: [first, ...more], setClock: async () => undefined, close: async () => undefined }
  return given
}

function announcement({ urls, nodes, beatSeconds, seed, people }: Options): string[] {
  const where = urls.length > 0 ? urls.join(', ') : `${nodes} API ${nodes === 1 ? 'process' : 'processes'} of its own`
  const settings =
    urls.length > 0
      ? 'those of the servers: what they limit is waited for'
      : 'rate limits off, since all phones share an address'
  return [
    `servers   ${where}`,
    `settings  ${settings}`,
    `phones    ${people.toLocaleString('en-US')}, a heartbeat every ${beatSeconds} s, seed ${seed}`,
  ]
}
