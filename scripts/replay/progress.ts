import { written } from '../kit/written.ts'
import type { Watcher } from './watcher.ts'

interface Progress {
  say(line: string): void
  watcher: Watcher
  /** Leaves the line of the bar. */
  end(): void
}

const width = 80
const barWidth = 20
const redrawEveryMs = 100
const linesEveryMs = 5000

/** A bar where a person looks, and now and then a plain line where the output is kept. */
export function createProgress(out: NodeJS.WriteStream): Progress {
  const live = out.isTTY === true
  let drawn = false
  let shownMs = Number.NEGATIVE_INFINITY
  let beganMs = performance.now()

  function clear() {
    if (drawn) out.write(`\r${' '.repeat(width - 1)}\r`)
    drawn = false
  }
  function say(line: string) {
    clear()
    out.write(`  ${line}\n`)
  }
  function show(label: string, share: number, facts: string, always = false) {
    const now = performance.now()
    if (!always && now - shownMs < (live ? redrawEveryMs : linesEveryMs)) return
    shownMs = now
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    if (!live) return say(`${label.padEnd(9)}${percent}  ${facts}`)
    const full = Math.round(share * barWidth)
    const line = `  ${label.padEnd(9)}${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${percent}  ${facts}`
    out.write(`\r${line.slice(0, width - 1).padEnd(width - 1)}`)
    drawn = true
  }

  return {
    say,
    end: clear,
    watcher: {
      arrived: (phones, of) => show('phones', phones / of, `${written(phones)} of ${written(of)}`, phones === of),
      begun() {
        beganMs = performance.now()
        shownMs = beganMs
      },
      moved(share, sightings, nudges) {
        const rate = sightings / Math.max(0.001, (performance.now() - beganMs) / 1000)
        const facts = `${written(sightings)} sightings, ${written(rate)}/s, ${written(nudges)} nudges`
        show('replay', share, facts, share === 1)
      },
      settling: (nudges, of) =>
        show('arrivals', nudges / Math.max(1, of), `${written(nudges)} of ${written(of)} nudges`),
    },
  }
}
