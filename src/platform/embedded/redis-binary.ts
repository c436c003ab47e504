import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { StartupError } from '../startup-error.ts'

const names = ['redis-server', 'valkey-server']

interface Installer {
  command: string
  args: string[]
  /** Homebrew refuses root; the others demand it. */
  asRoot: boolean
}

const installers: Installer[] = [
  { command: 'apt-get', args: ['install', '-y', '--no-install-recommends', 'redis-server'], asRoot: true },
  { command: 'apk', args: ['add', 'redis'], asRoot: true },
  { command: 'dnf', args: ['install', '-y', 'redis'], asRoot: true },
  { command: 'brew', args: ['install', 'redis'], asRoot: false },
]

// The package would start a system service; the app wants the program only.
const noService = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'SYSTEMD_OFFLINE=1']

/** A Redis program: on the PATH, or installed by the machine's package manager where that may be done without asking. */
export async function findRedis(say: (line: string) => void): Promise<string> {
  const found = names.map((name) => onPath(name)).find(Boolean)
  if (found) return recentEnough(found)
  const installer = installers.find(({ command }) => onPath(command))
  const line = installer && `${installer.command} ${installer.args.join(' ')}`
  if (!installer || (process.getuid?.() === 0) !== installer.asRoot) throw noRedis(installer, line)

  say(`redis     is not here, so it is installed:\n            ${line}`)
  const installed = (await runs(installer)) || (installer.command === 'apt-get' && (await refreshed(installer)))
  const program = names.map((name) => onPath(name)).find(Boolean)
  if (!installed || !program) throw noRedis(installer, line)
  return recentEnough(program)
}

function onPath(name: string): string | undefined {
  const { stdout } = spawnSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' })
  return stdout.trim() || undefined
}

/** A machine that has never fetched its package lists knows no package. */
async function refreshed(installer: Installer): Promise<boolean> {
  return (await runs({ ...installer, args: ['update', '-q'] })) && runs(installer)
}

async function runs({ command, args }: Installer): Promise<boolean> {
  const child = spawn('env', [...noService, command, ...args], { stdio: 'ignore' })
  const code = await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
  return code === 0
}

function noRedis(installer: Installer | undefined, line: string | undefined): StartupError {
  const command = installer?.asRoot && process.getuid?.() !== 0 ? `sudo ${line}` : line
  return new StartupError(
    'There is no Redis: neither redis-server nor valkey-server is on the PATH.',
    command ? `Install it with: ${command}` : 'Install Redis 7 or later, or give the address of one in REDIS_URL.',
  )
}

function recentEnough(program: string): string {
  const version = /v=(\d+)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1]
  if (Number(version) >= 7) return program
  throw new StartupError(
    `${program} is version ${version ?? 'unknown'}; Vicinity needs Redis 7 or later.`,
    'Install a newer one, or give the address of one in REDIS_URL.',
  )
}
