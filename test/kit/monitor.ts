import { once } from 'node:events'
import { connect } from 'node:net'
import type { TestApp } from './app.ts'
import { newClientId } from './phones.ts'

/** Counts what an app's nodes ask Redis for. What a script does inside is not counted: it is no round trip. */
export interface RedisMonitor {
  /** The names of the commands that some work led to, in order. */
  during(work: () => Promise<unknown>): Promise<string[]>
  close(): void
}

// `1795257748.918795 [0 127.0.0.1:57912] "evalsha" "08727a8e" …`
const line = /^\+\S+ \[\d+ (\S+)\] "([^"]+)"(.*)$/

export async function createRedisMonitor(app: TestApp): Promise<RedisMonitor> {
  const { hostname, port, password } = new URL(app.config.redisUrl)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let rest = ''
  let seen: { name: string; args: string }[] = []
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\r\n')
    rest = lines.pop() ?? ''
    for (const text of lines) {
      const [, source, name = '', args = ''] = line.exec(text) ?? []
      // Other tests share the server; whatever is ours names our prefix.
      if (source !== undefined && source !== 'lua' && args.includes(app.config.redisPrefix)) seen.push({ name, args })
    }
  })
  // It says OK before it says anything else.
  for (const command of [...(password ? [`AUTH ${password}`] : []), 'MONITOR']) {
    socket.write(`${command}\r\n`)
    await once(socket, 'data')
  }

  async function marked(): Promise<void> {
    const name = `${app.config.redisPrefix}marker-${newClientId()}`
    await app.redis.command.get(name)
    while (!seen.some(({ args }) => args.includes(name))) await new Promise((resolve) => setImmediate(resolve))
  }

  return {
    async during(work) {
      await marked()
      seen = []
      await work()
      await marked()
      return seen.slice(0, -1).map(({ name }) => name.toLowerCase())
    },
    close: () => void socket.destroy(),
  }
}
