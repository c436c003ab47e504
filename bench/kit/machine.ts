import { execFileSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'

export interface Machine {
  cores: number
  cpu: string
  memoryGiB: number
  node: string
  platform: string
  /** Over the last minute, before the benches began. */
  load: number
  /** Whether each process is held on a core of its own. */
  pinned: boolean
}

export function describeMachine(): Machine {
  const all = cpus()
  return {
    cores: all.length,
    cpu: all[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    pinned: canPin(),
  }
}

let pins: boolean | undefined

/** With `taskset` and two cores, what is measured and what measures do not take each other's time. */
export function canPin(): boolean {
  pins ??= cpus().length > 1 && runs('taskset', ['-c', '0', 'true'])
  return pins
}

function runs(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
