import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

// /proc where there is one: small container images have no ps.
const proc = existsSync('/proc/self/stat')

function ps(pid: number, column: string): string | undefined {
  try {
    return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

/** When a process began: with its id it names one process for ever, since ids are used again. Nothing for a dead one. */
export function birthOf(pid: number): string | undefined {
  if (!proc) return ps(pid, 'lstart')
  try {
    // The command's name, in brackets, may hold spaces; state is the first field after it and the start time the twentieth.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function commandLineOf(pid: number): string {
  if (!proc) return ps(pid, 'command') ?? ''
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended in between.
  }
}

/**
 * Stops what a dead owner left running. `pidFile` is the server's own; the process is ours only if its command line
 * names `folder`, so that a recycled id never hits a stranger. Answers whether something was stopped.
 */
export async function stopLeftover(pidFile: string, folder: string, gently: NodeJS.Signals): Promise<boolean> {
  const pid = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : Number.NaN
  if (!(pid > 1) || !commandLineOf(pid).includes(folder)) return false
  const birth = birthOf(pid)
  if (birth === undefined) return false
  for (const [name, tries] of [
    [gently, 200],
    ['SIGKILL', 40],
  ] as const) {
    signal(pid, name)
    for (let i = 0; i < tries; i++) {
      if (birthOf(pid) !== birth) return true
      await sleep(50)
    }
  }
  return true
}
