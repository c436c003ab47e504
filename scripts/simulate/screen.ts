import { written } from '../kit/written.ts'
import { frame, type Paint, type View } from './frame.ts'

export interface Screen {
  say(line: string): void
  /** Shows how things are; called as often as one likes. */
  show(view: View, always?: boolean): void
  /** Leaves what is shown where it is, and the cursor below it. */
  end(): void
}

const redrawEveryMs = 1000
const linesEveryMs = 5000

/** Drawn in place where a person looks, and now and then a plain line where the output is kept. */
export function createScreen(out: NodeJS.WriteStream): Screen {
  const live = out.isTTY === true
  const { NO_COLOR } = process.env
  const paint = live && !NO_COLOR ? painted : plain
  let drawn = 0
  let hidden = false
  let shownMs = Number.NEGATIVE_INFINITY
  let headed = false

  function showCursor() {
    if (hidden) out.write('\x1b[?25h')
    hidden = false
  }
  function draw(view: View) {
    const lines = frame(view, { columns: out.columns ?? 80, rows: out.rows ?? 24 }, paint)
    if (!hidden) out.write('\x1b[?25l')
    hidden = true
    // What is longer than the last time would be scrolled; what is shorter leaves nothing behind.
    const back = drawn > 0 ? `\x1b[${drawn}A\r` : ''
    out.write(`${back}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`)
    drawn = lines.length
  }
  process.once('exit', showCursor)

  return {
    say(line) {
      // Above what is drawn, which begins anew below it.
      if (drawn > 0) out.write(`\x1b[${drawn}A\r\x1b[J`)
      drawn = 0
      shownMs = Number.NEGATIVE_INFINITY
      out.write(`  ${line}\n`)
    },
    show(view, always = false) {
      const nowMs = performance.now()
      if (!always && nowMs - shownMs < (live ? redrawEveryMs : linesEveryMs) - 20) return
      shownMs = nowMs
      if (live) return draw(view)
      if (!headed) out.write(`\n  ${header}\n`)
      headed = true
      out.write(`  ${plainLine(view)}\n`)
    },
    end() {
      showCursor()
      process.off('exit', showCursor)
      drawn = 0
    },
  }
}

const columns = ['present', 'beats/s', 'p99 ms', 'looks/s', 'p99 ms', 'fence/s', 'live', 'joins', 'said', 'errors']
const header = ['time ', ...columns].join('  ')

function plainLine({ simulation, when }: View): string {
  const { counters, present, world } = simulation
  const { heartbeats, looks, entered, left, joins, said } = counters
  const p99 = (meter: typeof looks) => Math.round(meter.percentile(0.99, 'recent') ?? 0)
  const figures = [
    ...[present().length, heartbeats.perSecond(), p99(heartbeats), looks.perSecond(), p99(looks)],
    ...[entered.perSecond() + left.perSecond(), world.live().length, joins.total(), said.total()],
    [...counters.errors.values()].reduce((sum, count) => sum + count, 0),
  ]
  const padded = figures.map((figure, i) => written(figure).padStart(columns[i]?.length ?? 0))
  return [when.split(' ')[0]?.padEnd(5), ...padded].join('  ')
}

const plain: Paint = (_style, text) => text
/** Of the 256 colours that every terminal of today has: from a faint blue to a warm yellow, by how many people there are. */
const styles = { bold: '1', dim: '2', good: '32', bad: '1;31', spot: '1;35', crowded: '1;35;48;5;220' }
const heat = ['0', '38;5;60', '38;5;67', '38;5;179', '38;5;220']
const painted: Paint = (style, text) =>
  text === '' ? '' : `\x1b[${typeof style === 'number' ? heat[style] : styles[style]}m${text}\x1b[0m`
