import { median, range, written } from './figures.ts'
import { table } from './table.ts'

/** One subject or yardstick: for each figure a value per round. */
export interface Row {
  name: string
  figures: Record<string, number[]>
}

/** What a subject must reach: a factor of a yardstick's figure, or a limit by itself. */
export interface Goal {
  subject: string
  figure: string
  /** The yardstick; without it `bound` is absolute. */
  of?: string
  bound: number
  /** Whether more or less is better. */
  want: 'at least' | 'at most'
  unit?: string
}

export interface Verdict {
  goal: string
  reached: number
  met: boolean
  /** More than a fifth off, and not even the best round against the yardstick's worst would do. */
  missedClearly: boolean
}

export interface Outcome {
  bench: string
  says: string
  rows: Row[]
  goals: Goal[]
  /** Further text: profiles, remarks. */
  notes: string[]
}

/** A subject's median beside a yardstick's, written. */
export function ratio(rows: Row[], figure: string, subject: string, of: string): string {
  const middle = (name: string) => median(rows.find((row) => row.name === name)?.figures[figure] ?? [])
  return written(middle(subject) / middle(of))
}

const tolerance = 0.2

export function judge({ rows, goals }: Pick<Outcome, 'rows' | 'goals'>): Verdict[] {
  const valuesOf = (name: string, figure: string) => rows.find((row) => row.name === name)?.figures[figure] ?? []
  return goals.map(({ subject, figure, of, bound, want, unit = '' }) => {
    const values = valuesOf(subject, figure)
    const yardstick = of === undefined ? [1] : valuesOf(of, figure)
    const reached = median(values) / median(yardstick)
    const [least, most] = range(values)
    const [leastYard, mostYard] = range(yardstick)
    const more = want === 'at least'
    const met = more ? reached >= bound : reached <= bound
    const far = more ? reached < bound * (1 - tolerance) : reached > bound * (1 + tolerance)
    const apart = more ? most < bound * leastYard : least > bound * mostYard
    const what = of === undefined ? `${written(bound)} ${unit || figure}` : `${bound} × ${of} (${figure})`
    return { goal: `${subject}: ${want} ${what.trim()}`, reached, met, missedClearly: far && apart }
  })
}

export function printed(outcome: Outcome): string {
  const { bench, says, rows, notes } = outcome
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))]
  const cells = ({ name, figures: own }: Row) => [
    name,
    ...figures.flatMap((figure, i) => {
      const values = own[figure]
      const middle = values ? written(median(values)) : '–'
      return i === 0 && values ? [middle, range(values).map(written).join('–')] : [middle]
    }),
  ]
  const head = ['', ...figures.flatMap((figure, i) => (i === 0 ? [figure, 'range'] : [figure]))]
  const verdicts = judge(outcome).map(({ goal, reached, met }) => [goal, written(reached), met ? 'met' : 'MISSED'])
  return [
    `## ${bench}: ${says}`,
    table(head, rows.map(cells)),
    ...(verdicts.length > 0 ? [table(['goal', 'reached', ''], verdicts)] : []),
    ...notes,
  ].join('\n\n')
}
