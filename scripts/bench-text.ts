import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createTextScanner, levels, textLabels } from '../src/modules/scanning/index.ts'
import { falsePositives, type Judged, quantile, type Score, scoresOf } from './bench-text/scores.ts'
import { decoded, FileError, formatOf, readTable } from './bench-text/table.ts'

const usage = `npm run bench:text -- FILE [--level low] [--show] [--map theirs=ours …] [--text text] [--label label] [--json FILE]

  FILE      CSV, TSV (.tsv) or JSON lines (.jsonl) in UTF-8 with the columns text and label; several labels are separated by |,
            and none is clean, or nothing
  --level   what is found less surely does not count: low, medium or high
  --show    lists up to 20 false positives of each label
  --map     reads a label of the file as one of ours, or as clean: --map hate=slur --map ham=clean
  --text    the column of the text
  --label   the column of the labels
  --json    writes the figures to a file

  Labels: ${textLabels.join(', ')}`

const shownAtMost = 20
const warmUps = 200

class UsageError extends Error {}

function options() {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2),
      allowPositionals: true,
      options: {
        level: { type: 'string', default: 'low' },
        show: { type: 'boolean', default: false },
        map: { type: 'string', multiple: true, default: [] },
        text: { type: 'string', default: 'text' },
        label: { type: 'string', default: 'label' },
        json: { type: 'string' },
      },
    })
    const [file] = positionals
    if (!file || positionals.length > 1) throw new UsageError('Name one file.')
    const least = (levels as readonly string[]).indexOf(values.level)
    if (least < 1) throw new UsageError('--level is low, medium or high.')
    const map = new Map(values.map.map((pair) => pairOf(pair)))
    return { ...values, file, least, map }
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message)
  }
}

function pairOf(pair: string): [string, string] {
  const [theirs = '', ours = '', ...more] = pair.toLowerCase().split('=')
  if (theirs === '' || more.length > 0 || !['clean', ...textLabels].includes(ours))
    throw new UsageError(`--map ${pair}: it is theirs=ours, and ours is clean or a label.`)
  return [theirs.replace(/[\s-]+/g, '_'), ours]
}

function main() {
  const { file, least, map, show, text, label, json } = options()
  const rows = readTable(decoded(contentOf(file)), formatOf(file), { text, label })
  const scanner = createTextScanner()
  for (const row of rows.slice(0, warmUps)) scanner.scan([row.text])

  const times: number[] = []
  const foreign = new Map<string, number>()
  const judged = rows.map(({ line, text: given, labels }): Judged => {
    const before = performance.now()
    const found = scanner.scan([given]).labels
    times.push(performance.now() - before)
    const labelled = labels.map((each) => map.get(each) ?? each).filter((each) => each !== 'clean')
    for (const each of labelled) if (!isOurs(each)) foreign.set(each, (foreign.get(each) ?? 0) + 1)
    const sure = Object.entries(found).filter(([, level]) => levels.indexOf(level) >= least)
    return { line, text: given, labelled, found: sure.map(([each]) => each) }
  })
  const scores = scoresOf(judged, textLabels)
  times.sort((one, other) => one - other)
  const milliseconds = { p50: quantile(times, 0.5), p95: quantile(times, 0.95), most: times.at(-1) ?? 0 }

  const characters = rows.reduce((sum, row) => sum + row.text.length, 0)
  console.log(`${rows.length} texts, ${Math.round(characters / rows.length)} characters on average\n`)
  console.log(printed(scores))
  const spent = Object.entries(milliseconds).map(([name, ms]) => `${name} ${ms.toFixed(3)} ms`)
  console.log(`\ntime per text: ${spent.join(', ')}`)
  if (foreign.size > 0) {
    const names = Array.from(foreign, ([name, count]) => `${name} (${count})`).join(', ')
    console.log(
      `\nLabels that the scanner does not have, which count for \`any\` only: ${names}. Read them as others with --map.`,
    )
  }
  if (show) for (const each of textLabels) showOf(judged, each)
  if (json) writeFileSync(json, `${JSON.stringify({ texts: rows.length, scores, milliseconds }, null, 2)}\n`)
}

const isOurs = (label: string) => (textLabels as readonly string[]).includes(label)

function contentOf(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new FileError(code === 'ENOENT' ? `There is no file ${file}.` : `The file ${file} cannot be read: ${code}.`)
  }
}

function printed(scores: readonly Score[]): string {
  const share = (value: number | null) => (value === null ? '–' : value.toFixed(3))
  const rows = scores.map(({ label, labelled, found, right, precision, recall, f1 }) => [
    label,
    ...[labelled, found, right, found - right, labelled - right].map(String),
    ...[precision, recall, f1].map(share),
  ])
  const all = [['label', 'labelled', 'found', 'right', 'wrong', 'missed', 'precision', 'recall', 'F1'], ...rows]
  return all.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(16) : cell.padStart(10))).join('')).join('\n')
}

function showOf(judged: readonly Judged[], label: string) {
  const wrong = falsePositives(judged, label, shownAtMost)
  if (wrong.length === 0) return
  console.log(`\nfound as ${label}, and not labelled so:`)
  for (const { line, text } of wrong) console.log(`  ${line}: ${text.replace(/\s+/g, ' ').slice(0, 160)}`)
}

try {
  main()
} catch (error) {
  if (!(error instanceof UsageError || error instanceof FileError)) throw error
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error.message)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
