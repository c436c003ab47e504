import { readFileSync, writeFileSync } from 'node:fs'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from '../src/schema.ts'

// `print-schema` writes schema.graphql; `print-schema --check` fails when the committed one is not what the code says.
const file = 'schema.graphql'
const text = `${printSchema(lexicographicSortSchema(schema))}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(file, text)
  console.log(`wrote ${file}`)
} else if (read() !== text) {
  console.error(`${file} is not what the code says. Run \`npm run schema\`, and look at the difference.`)
  process.exitCode = 1
}

function read(): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
