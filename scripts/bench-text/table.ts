/** A text that somebody has labelled. */
export interface LabelledText {
  /** Its line in the file, from 1. */
  line: number
  text: string
  labels: string[]
}

/** Something about the file, to be told without a stack. */
export class FileError extends Error {}

export type Format = 'csv' | 'tsv' | 'jsonl'

/** By the name of the file: `.tsv` and `.tab`, `.jsonl` and `.ndjson`; anything else is CSV. */
export function formatOf(name: string): Format {
  const lower = name.toLowerCase()
  if (/\.(jsonl|ndjson)$/.test(lower)) return 'jsonl'
  return /\.(tsv|tab)$/.test(lower) ? 'tsv' : 'csv'
}

/** The text of a file in UTF-8. Refuses every other encoding. */
export function decoded(bytes: Uint8Array): string {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new FileError('The file is in UTF-16. Save it as UTF-8.')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FileError('The file is not in UTF-8: save it as that.')
  }
}

/** The rows of a file with their labels, which are separated by `|`. Refuses a file without these columns. */
export function readTable(content: string, format: Format, columns: { text: string; label: string }): LabelledText[] {
  const rows =
    format === 'jsonl' ? jsonRows(content, columns) : separatedRows(content, format === 'tsv' ? '\t' : ',', columns)
  if (rows.length === 0) throw new FileError('There is no row in the file.')
  return rows.map(({ line, text, label }) => ({ line, text, labels: labelsOf(label) }))
}

function labelsOf(label: string): string[] {
  const labels = label.split('|').map((each) =>
    each
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  )
  return [...new Set(labels.filter((each) => each !== '' && each !== 'clean'))]
}

interface Row {
  line: number
  text: string
  label: string
}

function jsonRows(content: string, columns: { text: string; label: string }): Row[] {
  const rows: Row[] = []
  for (const [i, each] of content.split('\n').entries()) {
    if (each.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(each)
    } catch {
      throw new FileError(`Line ${i + 1} is not JSON.`)
    }
    const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
    const text = record[columns.text]
    const label = record[columns.label]
    if (typeof text !== 'string' || label === undefined)
      throw new FileError(
        `Line ${i + 1} has no \`${columns.text}\` and \`${columns.label}\`; it has: ${Object.keys(record).join(', ')}.`,
      )
    rows.push({ line: i + 1, text, label: Array.isArray(label) ? label.join('|') : String(label ?? '') })
  }
  return rows
}

function separatedRows(content: string, separator: string, columns: { text: string; label: string }): Row[] {
  const [header, ...records] = [...separated(content, separator)]
  if (!header) throw new FileError('The file is empty.')
  const names = header.cells.map((name) => name.trim().toLowerCase())
  const [textAt, labelAt] = [names.indexOf(columns.text.toLowerCase()), names.indexOf(columns.label.toLowerCase())]
  const missing = [textAt < 0 ? columns.text : '', labelAt < 0 ? columns.label : ''].filter(Boolean)
  if (missing.length > 0)
    throw new FileError(
      `The file has no column ${missing.map((name) => `\`${name}\``).join(' and ')}; it has: ${header.cells.join(', ')}. Name yours with --text and --label.`,
    )
  return records
    .filter(({ cells }) => cells.length > 1 || cells[0]?.trim() !== '')
    .map(({ line, cells }) => {
      const text = cells[textAt]
      if (text === undefined || cells.length <= labelAt)
        throw new FileError(`Line ${line} has ${cells.length} of ${header.cells.length} columns.`)
      return { line, text, label: cells[labelAt] ?? '' }
    })
}

/** Records of RFC 4180: a cell in quotes may have separators, line breaks and doubled quotes in it. */
function* separated(content: string, separator: string): Generator<{ line: number; cells: string[] }> {
  let cells: string[] = []
  let cell = ''
  let quoted = false
  let line = 1
  let begins = 1
  for (let i = 0; i < content.length; i++) {
    const unit = content[i] as string
    if (unit === '\n') line += 1
    if (quoted) {
      if (unit !== '"') cell += unit
      else if (content[i + 1] === '"') {
        cell += '"'
        i += 1
      } else quoted = false
    } else if (unit === '"' && cell === '') quoted = true
    else if (unit === separator) {
      cells.push(cell)
      cell = ''
    } else if (unit === '\n' || (unit === '\r' && content[i + 1] !== '\n')) {
      yield { line: begins, cells: [...cells, cell] }
      cells = []
      cell = ''
      begins = line
    } else if (unit !== '\r') cell += unit
  }
  if (quoted) throw new FileError(`A quote that begins in line ${begins} does not end.`)
  if (cell !== '' || cells.length > 0) yield { line: begins, cells: [...cells, cell] }
}
