import { readFileSync, writeFileSync } from 'node:fs'
import { describeSettings } from '../src/config.ts'

// Writes the README's table of settings out of config.ts; `--check` fails when the README shows another.
const file = 'README.md'
const [begin, end] = ['<!-- settings: written by `npm run settings` -->', '<!-- settings end -->']

const rows = describeSettings().map(
  ({ name, fallback, says }) => `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${says} |`,
)
const table = [begin, '', '| variable | default | meaning |', '|---|---|---|', ...rows, '', end].join('\n')

const text = readFileSync(file, 'utf8')
const [from, to] = [text.indexOf(begin), text.indexOf(end)]
if (from === -1 || to === -1) throw new Error(`${file} has no place for the settings: ${begin} … ${end}`)
const wanted = text.slice(0, from) + table + text.slice(to + end.length)

if (!process.argv.includes('--check')) {
  writeFileSync(file, wanted)
  console.log(`wrote the settings into ${file}`)
} else if (wanted !== text) {
  console.error(`${file} shows other settings than src/config.ts has. Run \`npm run settings\`.`)
  process.exitCode = 1
}
