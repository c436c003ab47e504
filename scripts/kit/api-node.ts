// One API process of a deployment of its own: the app as it is, but that its parent can put its clock, and that it ends with its parent.
import { type App, createApp } from '../../src/app.ts'
import { type ReadyConfig, readConfig } from '../../src/config.ts'
import type { NodeMessage, ParentMessage } from './node-process.ts'

const tell = (message: NodeMessage) => process.send?.(message)
const given = process.argv.find((argument) => argument.startsWith('--clock='))?.slice('--clock='.length)
let nowMs = Number(given)
let app: App | undefined
let stopping = false

async function stop() {
  if (stopping) return
  stopping = true
  await app?.close()
  process.exit(0)
}
// The terminal's Ctrl-C is the parent's to handle.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => void stop())
process.on('disconnect', () => void stop())
process.on('message', (message: ParentMessage) => {
  if (message.kind === 'stop') return void stop()
  nowMs = message.ms
  tell({ kind: 'clock' })
})

try {
  // The parent gives every address and the secret.
  app = await createApp(readConfig() as ReadyConfig, given === undefined ? {} : { clock: { now: () => nowMs } })
  tell({ kind: 'ready', url: app.url, wsUrl: app.wsUrl })
} catch (error) {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
