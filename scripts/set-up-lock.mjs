// One set-up at a time in one folder; a second one waits. A lock whose owner is dead counts for nothing.
import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

let held

export async function withLock(folder, work) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'set-up.lock')
  let told = false
  while (!take(path)) {
    const owner = read(path)
    if (owner && isAlive(owner)) {
      if (!told) console.error(`  waiting   for the set-up that process ${owner.pid} does here`)
      told = true
      await sleep(200)
    } else {
      await clear(path, owner)
    }
  }
  held = path
  try {
    return await work()
  } finally {
    held = undefined
    rmSync(path, { force: true })
  }
}

/** Writes down which process works for the owner, so that a later set-up can end it should the owner be killed. */
export function noteChild(pid) {
  if (!held) return
  const child = pid && { pid, birth: birthOf(pid) }
  writeFileSync(`${held}.${process.pid}`, JSON.stringify({ ...self(), child }))
  renameSync(`${held}.${process.pid}`, held)
}

function take(path) {
  const mine = `${path}.${process.pid}`
  writeFileSync(mine, JSON.stringify(self()))
  try {
    linkSync(mine, path)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(mine, { force: true })
  }
}

/** Only the process that renames the dead lock deletes it; a live lock taken by mistake is put back. */
async function clear(path, owner) {
  const aside = `${path}.dead.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = read(aside)
  if (moved && isAlive(moved)) renameSync(aside, path)
  else {
    if (owner?.child && isAlive(owner.child)) {
      killGroup(owner.child.pid, 'SIGKILL')
      while (isAlive(owner.child)) await sleep(50)
    }
    rmSync(aside, { force: true })
  }
}

const self = () => ({ pid: process.pid, birth: birthOf(process.pid) })

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

const isAlive = ({ pid, birth }) => birth !== undefined && birthOf(pid) === birth

/** A process id is used again; together with the time of birth it is not. */
function birthOf(pid) {
  try {
    if (!existsSync('/proc/self/stat'))
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended.
  }
}
