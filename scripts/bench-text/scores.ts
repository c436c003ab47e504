/** How what was found agrees with what was labelled. */
export interface Score {
  label: string
  /** Texts that have the label, and texts in which it was found. */
  labelled: number
  found: number
  right: number
  /** Null: there is nothing to divide by. */
  precision: number | null
  recall: number | null
  f1: number | null
}

export interface Judged {
  line: number
  text: string
  labelled: readonly string[]
  found: readonly string[]
}

export const anyLabel = 'any'

/** A score for every label, and one for whether a text has any at all. */
export function scoresOf(judged: readonly Judged[], labels: readonly string[]): Score[] {
  const has = (list: readonly string[], label: string) => (label === anyLabel ? list.length > 0 : list.includes(label))
  return [...labels, anyLabel].map((label) => {
    let [labelled, found, right] = [0, 0, 0]
    for (const each of judged) {
      const [is, said] = [has(each.labelled, label), has(each.found, label)]
      if (is) labelled += 1
      if (said) found += 1
      if (is && said) right += 1
    }
    const precision = found > 0 ? right / found : null
    const recall = labelled > 0 ? right / labelled : null
    const f1 = labelled + found > 0 ? (2 * right) / (labelled + found) : null
    return { label, labelled, found, right, precision, recall, f1 }
  })
}

/** Texts in which a label was found that they do not have. */
export function falsePositives(judged: readonly Judged[], label: string, atMost: number): Judged[] {
  return judged.filter(({ labelled, found }) => found.includes(label) && !labelled.includes(label)).slice(0, atMost)
}

/** The value that so large a share is not above. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? 0
}
