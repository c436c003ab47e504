import { written } from '../kit/written.ts'
import type { Counters } from './counters.ts'
import { drawMap, mapSize, shades } from './map.ts'
import type { Meter } from './meter.ts'
import type { Simulation } from './simulation.ts'

/** Puts a style on a text, or leaves it. */
export type Paint = (
  style: 'bold' | 'dim' | 'good' | 'bad' | 'spot' | 'crowded' | 0 | 1 | 2 | 3 | 4,
  text: string,
) => string

export interface View {
  simulation: Simulation
  /** 0:42 of 1:00, or what is waited for. */
  when: string
}

const leftWidth = 39
const labelWidth = 13
/** The least that shows the map beside the figures, and the figures at all. */
const room = { columns: 79, rows: 18 }

/** What a terminal shows, a line each, none longer than it is wide. */
export function frame({ simulation, when }: View, size: { columns: number; rows: number }, paint: Paint): string[] {
  const { city, wanted } = simulation
  const title = `${city.name}, ${written(wanted)} people`
  const gap = Math.max(2, Math.min(size.columns - 1, room.columns) - 2 - title.length - when.length)
  const head = ['', `  ${paint('bold', title)}${' '.repeat(gap)}${paint('dim', when)}`, '']
  const rows = figures(simulation, paint)
  if (size.columns < room.columns || size.rows < room.rows) return [...head, ...rows.map(({ text }) => `  ${text}`)]
  const map = mapLines(simulation, paint)
  const lines = map.map((line, i) => {
    const { text, width } = rows[i] ?? { text: '', width: 0 }
    return `  ${text}${' '.repeat(Math.max(1, leftWidth - width))}${line}`
  })
  return [...head, ...lines]
}

interface Row {
  text: string
  /** On screen, without its styles. */
  width: number
}

function figures({ counters, wanted, present, world }: Simulation, paint: Paint): Row[] {
  const row = (label: string, value: string, note = '', style: 'bold' | 'good' | 'bad' = 'bold'): Row => ({
    text: `${paint('dim', label.padEnd(labelWidth))}${paint(style, value)}${paint('dim', note)}`,
    width: labelWidth + value.length + note.length,
  })
  const answered = (meter: Meter) =>
    row('  answered', ms(meter.percentile(0.5, 'recent')), `  99 % ${ms(meter.percentile(0.99, 'recent'))}`)
  const rate = (meter: Meter) => `${written(meter.perSecond())}/s`
  const { entered, left, joins, full } = counters
  const seatless = full.total() > 0 ? `, ${written(full.total())} came too late` : ''
  return [
    row('', ''),
    row('present', written(present().length), ` of ${written(wanted)}`),
    row('heartbeats', rate(counters.heartbeats)),
    answered(counters.heartbeats),
    row('look around', rate(counters.looks)),
    answered(counters.looks),
    row('came near', rate(entered), `, went ${rate(left)}`),
    row('activities', `${written(world.live().length)} live`, ` of ${written(counters.started.total())}`),
    row('joined', written(joins.total()), seatless),
    row('messages', written(counters.said.total()), ` sent, ${written(counters.heard.total())} received`),
    ...limits(counters).map((text) => row('waiting', text)),
    row('errors', cut(codes(counters), leftWidth - labelWidth - 1), '', counters.errors.size > 0 ? 'bad' : 'good'),
  ]
}

const limits = ({ later }: Counters) => (later.total() > 0 ? [`${written(later.total())} times for limits`] : [])

/** 12 UNAVAILABLE, 3 INTERNAL: whatever asked for it. */
function codes({ errors }: Counters): string {
  const counts = new Map<string, number>()
  for (const [name, count] of errors) {
    const code = name.split(' ').at(-1) ?? name
    counts.set(code, (counts.get(code) ?? 0) + count)
  }
  return listed(counts)
}

const cut = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

/** The same, by what asked for it. */
export const errors = ({ errors }: Counters): string => listed(errors)

const listed = (counts: ReadonlyMap<string, number>) =>
  counts.size === 0 ? 'none' : [...counts].map(([name, count]) => `${written(count)} ${name}`).join(', ')

/** 3.2 ms, 48 ms, 1.3 s */
export function ms(value: number | null): string {
  if (value === null) return '–'
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

function mapLines({ city, present, world }: Simulation, paint: Paint): string[] {
  const spots = drawMap(
    city,
    present().map(({ walker }) => walker.at()),
    world.live(),
  )
  const line = (row: (typeof spots)[number]) =>
    row
      .map(({ shade, activity }) =>
        activity ? paint(shade > 2 ? 'crowded' : 'spot', '●') : paint(shade as 0, shades[shade] ?? ''),
      )
      .join('')
  const edge = '─'.repeat(mapSize.columns)
  const side = paint('dim', '│')
  return [
    paint('dim', `┌${edge}┐`),
    ...spots.map((row) => `${side}${line(row)}${side}`),
    paint('dim', `└${edge}┘`),
    ` ${[1, 2, 3, 4].map((shade) => paint(shade as 1, shades[shade] ?? '')).join('')}${paint('dim', ' people   ')}${paint('spot', '●')}${paint('dim', ' activities')}`,
  ]
}
