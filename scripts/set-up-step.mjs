// Runs one command of the set-up behind one line of progress.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { resolve as absolute, delimiter } from 'node:path'
import { killGroup, noteChild } from './set-up-lock.mjs'

/** Rejects with the beginning of the output when the command fails, and with an exit code alone when a signal ended it. */
export async function runStep(label, doing, [command, ...args], env = {}) {
  const line = progress(label, doing)
  // Generators are found by name there, as under npm.
  const path = [absolute('node_modules/.bin'), process.env.PATH].join(delimiter)
  // A group of its own: a signal then ends npm together with everything that npm started.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path, ...env },
  })
  noteChild(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output = (output + chunk).slice(0, 20_000)
    })
  }
  let stopped
  const stop = (signal) => {
    killGroup(child.pid, stopped ? 'SIGKILL' : 'SIGTERM')
    stopped ??= signal
    // npm takes its time to notice. What it leaves unfinished has no stamp and is done again.
    setTimeout(() => killGroup(child.pid, 'SIGKILL'), 1500).unref()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, stop)
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message
      resolve(127)
    })
    child.once('close', (exit) => resolve(exit ?? 1))
  })
  for (const signal of signals) process.off(signal, stop)
  noteChild(undefined)
  if (stopped) {
    killGroup(child.pid, 'SIGKILL')
    line.end('stopped')
    throw Object.assign(new Error(''), { exitCode: 128 + constants.signals[stopped] })
  }
  if (code === 0) return line.end()
  line.end('failed')
  throw Object.assign(new Error(`${label} failed:\n\n${output.trim().split('\n').slice(0, 30).join('\n')}`), {
    exitCode: 1,
    output,
  })
}

/** `  packages  installs 878 packages      38.2 s`: at once what is done, at its end how long it took. */
function progress(label, doing) {
  const began = Date.now()
  const terminal = process.stderr.isTTY
  const said = `  ${label.padEnd(10)}${doing}`
  const seconds = (digits) => `${((Date.now() - began) / 1000).toFixed(digits)} s`
  process.stderr.write(terminal ? said : said.padEnd(56))
  const timer = terminal && setInterval(() => process.stderr.write(`\r\x1b[K${said} … ${seconds(0)}`), 1000)
  return {
    end(how = '') {
      clearInterval(timer)
      const took = `${how} ${seconds(1)}`.trim().padStart(16)
      process.stderr.write(terminal ? `\r\x1b[K${said.padEnd(56)}${took}\n` : `${took}\n`)
    },
  }
}
