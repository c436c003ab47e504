import { type Profiler, Session } from 'node:inspector/promises'
import { partsOf } from './parts.ts'
import { table } from './table.ts'

/** Where a process spent its processor time: shares of one, the largest first. */
export interface Profile {
  parts: [string, number][]
  functions: [string, number][]
}

const session = new Session()

export async function startProfile(): Promise<void> {
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 500 })
  await session.post('Profiler.start')
}

export async function stopProfile(): Promise<Profile> {
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return summarise(profile)
}

/** Waiting, and the profiler's own work. */
const notMeasured = new Set(['(idle)', 'dispatch'])

/** Self time only, so that the shares add up. */
function summarise(profile: Profiler.Profile): Profile {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const partsOfNode = partsOf(profile.nodes)
  const parts = new Map<string, number>()
  const functions = new Map<string, number>()
  let total = 0
  profile.samples?.forEach((id, i) => {
    const frame = nodes.get(id)
    const micros = profile.timeDeltas?.[i] ?? 0
    if (!frame || notMeasured.has(frame.functionName)) return
    total += micros
    const where = frame.url ? ` ${frame.url.split('/').slice(-2).join('/')}:${frame.lineNumber + 1}` : ''
    const name = `${frame.functionName || '(anonymous)'}${where}`
    for (const [part, share] of partsOfNode.get(id) ?? []) parts.set(part, (parts.get(part) ?? 0) + micros * share)
    functions.set(name, (functions.get(name) ?? 0) + micros)
  })
  const shares = (found: Map<string, number>): [string, number][] =>
    [...found].map(([name, micros]): [string, number] => [name, micros / total]).sort(([, a], [, b]) => b - a)
  return { parts: shares(parts), functions: shares(functions).slice(0, 60) }
}

/** The parts as a table; `functions` adds those that took most. */
export function describeProfile(profile: Profile, functions = 25): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const rows = (list: [string, number][]) => list.map(([name, share]) => [name, percent(share)])
  const parts = table(['where the time goes', 'share'], rows(profile.parts.filter(([, share]) => share >= 0.005)))
  const named = table(['function', 'self'], rows(profile.functions.slice(0, functions)))
  return functions > 0 ? `${parts}\n\n${named}` : parts
}
