// Fails when schema.graphql breaks clients of the last release and the CHANGELOG does not say so. The rule: each breaking
// change is announced by its path, such as `Query.session`, in the part "Unreleased" of CHANGELOG.md.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

const baseline = findBaseline()
if (!baseline) {
  console.log('no released schema to compare with')
  process.exit(0)
}
const changes = await diff(buildSchema(baseline.schema), buildSchema(readFileSync('schema.graphql', 'utf8')))
const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
const announced = unreleased()
const silent = breaking.filter(({ path }) => !path || !announced.includes(`\`${path}\``))
for (const { path, message } of silent) console.error(`${path}: ${message}`)
if (silent.length > 0) {
  console.error(
    `\nCompared with ${baseline.name}. Announce each path, in backticks, under "Unreleased" in CHANGELOG.md.`,
  )
  process.exitCode = 1
}

/** The last release; before the first one, what is published on the main branch; else the last commit. */
function findBaseline() {
  const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*')?.trim()
  for (const name of tag ? [tag] : ['origin/main', 'HEAD']) {
    const schema = git('show', `${name}:schema.graphql`)
    if (schema) return { name, schema }
  }
  return undefined
}

function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}

function unreleased() {
  const text = existsSync('CHANGELOG.md') ? readFileSync('CHANGELOG.md', 'utf8') : ''
  return /^## \[?Unreleased[^\n]*\n(.*?)(?=^## |(?![\s\S]))/ims.exec(text)?.[1] ?? ''
}
