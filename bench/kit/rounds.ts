import type { Row } from './outcome.ts'

export type Figures = Record<string, number>

/** Runs every subject once a round, in turns, so that whatever else the machine does falls on all of them alike. */
export async function interleave<Subject extends { name: string }>(
  subjects: Subject[],
  rounds: number,
  measure: (subject: Subject) => Promise<Figures>,
): Promise<Row[]> {
  const rows: Row[] = subjects.map(({ name }) => ({ name, figures: {} }))
  for (let round = 0; round < rounds; round++) {
    for (const [i, subject] of subjects.entries()) {
      const figures = rows[i]?.figures ?? {}
      for (const [figure, value] of Object.entries(await measure(subject))) {
        figures[figure] ??= []
        figures[figure].push(value)
      }
    }
  }
  return rows
}
