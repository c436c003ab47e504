import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export interface Snippet {
  /** Where it stands: `README.md:40`. */
  place: string
  /** The file that it shows, if it shows one. */
  file: string | undefined
  runnable: boolean
  code: string
}

const fence = /^```ts([^\n]*)\n(.*?)^```$/gms

/** The TypeScript in the fenced blocks of a Markdown file. */
export function snippetsIn(path: string): Snippet[] {
  const text = readFileSync(path, 'utf8')
  return [...text.matchAll(fence)].map(({ index, 1: info = '', 2: code = '' }) => ({
    place: `${path}:${text.slice(0, index).split('\n').length}`,
    file: /\bfile=(\S+)/.exec(info)?.[1],
    runnable: /\brunnable\b/.test(info),
    code,
  }))
}

export interface Run {
  module: Record<string, unknown>
  /** What it wrote to the console. */
  said: unknown[]
  end(): void
}

/** A folder inside the project, so that packages are found, and ignored by git. */
export function createSnippetFolder() {
  mkdirSync('sdk/generated', { recursive: true })
  const folder = mkdtempSync(resolve('sdk/generated/snippets-'))
  let count = 0
  const write = (code: string) => {
    count += 1
    const path = join(folder, `snippet-${count}.ts`)
    writeFileSync(path, code)
    return path
  }
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Runs a module as a reader would, and hears what it says. */
export async function runSnippet(path: string): Promise<Run> {
  const said: unknown[] = []
  const { log } = console
  console.log = (...values: unknown[]) => void said.push(...values)
  const end = () => {
    console.log = log
  }
  try {
    return { module: await import(path), said, end }
  } catch (error) {
    end()
    throw error
  }
}
