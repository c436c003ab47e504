import { type ChildProcess, spawn } from 'node:child_process'

/** The migrated database that tests copy, and the Redis beside it. */
export const template = new URL(process.env['TEST_DATABASE_URL'] as string)
export const redisUrl = process.env['TEST_REDIS_URL'] as string

const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

export interface Run {
  child: ChildProcess
  /** Resolves once the text has been printed, with everything printed so far. */
  says(text: string): Promise<string>
  ended: Promise<{ code: number | null; output: string }>
}

/** A real process with nothing in its environment but what is given. */
export function run(args: string[], env: Record<string, string>): Run {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', LOG_LEVEL: 'silent', ...env },
  })
  children.push(child)
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }))
  })
  const says = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => output.includes(text) && resolve(output)
      listeners.add(look)
      look()
      void ended.then(() => reject(new Error(`ended without saying "${text}":\n${output}`)))
    })
  return { child, says, ended }
}
