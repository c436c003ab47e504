// In a terminal: node sdk/examples/chat/node.mjs URL YOUR-NAME PASSWORD THEIR-NAME
// Every line that is typed is sent. Keeps its conversations in memory: with better-sqlite3 they would be there the next time.
import { createInterface } from 'node:readline'
import { memoryStorage } from '@vicinity/client/store'
import WebSocket from 'ws'
import { chatWith, signIn } from './chat.mjs'

const [url, username, password, peer] = process.argv.slice(2)
if (!peer) {
  process.stderr.write('node node.mjs URL YOUR-NAME PASSWORD THEIR-NAME\n')
  process.exit(2)
}
const client = await signIn({ url, WebSocket }, username, password)
const shown = new Set()
const chat = await chatWith(peer, {
  client,
  storage: memoryStorage(),
  show({ messages }) {
    for (const { key, sender, body, status } of messages) {
      if (status !== 'sent' || shown.has(key)) continue
      shown.add(key)
      process.stdout.write(`${sender?.displayName ?? 'somebody'}: ${body ?? '(deleted)'}\n`)
    }
  },
})
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  if (line.trim()) void chat.send(line)
})
process.on('SIGTERM', () => {
  chat.stop()
  client.dispose()
  lines.close()
})
