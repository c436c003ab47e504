import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartupError } from '../startup-error.ts'
import { birthOf } from './process.ts'

interface Owner {
  pid: number
  birth: string | undefined
}

/** One process at a time owns a data directory. A lock whose owner is dead counts for nothing. */
export function lockDataDir(dataDir: string): () => void {
  const path = join(dataDir, 'lock')
  const mine = join(dataDir, `lock.${process.pid}`)
  const self: Owner = { pid: process.pid, birth: birthOf(process.pid) }
  writeFileSync(mine, JSON.stringify(self), { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (links(mine, path)) return () => release(path, self)
      const owner = read(path)
      if (owner?.birth !== undefined && birthOf(owner.pid) === owner.birth) throw inUse(dataDir, owner.pid)
      rmSync(path, { force: true })
    }
    throw inUse(dataDir, read(path)?.pid)
  } finally {
    rmSync(mine, { force: true })
  }
}

/** A link appears with its content, or not at all. */
function links(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function read(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

function release(path: string, self: Owner): void {
  if (read(path)?.pid === self.pid) rmSync(path, { force: true })
}

function inUse(dataDir: string, pid: number | undefined): StartupError {
  return new StartupError(
    `The data in ${dataDir} is in use by another Vicinity${pid === undefined ? '' : `, process ${pid}`}.`,
    'Stop that one, or give this one a folder of its own: DATA_DIR=.data-2 PORT=4001 npm start',
  )
}
