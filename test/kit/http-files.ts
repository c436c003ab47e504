import { randomInt, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface HttpRequest {
  name: string
  says: string
  headers: Record<string, string>
  query: string
  variables: string
}

/** A `.http` file as editors understand it: variables at its head, then requests after lines of `###`. */
export function readHttpFile(path: string): { variables: Map<string, string>; requests: HttpRequest[] } {
  const [head = '', ...blocks] = readFileSync(path, 'utf8').split(/^###/m)
  const variables = new Map([...head.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
  return { variables, requests: blocks.map(readRequest) }
}

function readRequest(block: string): HttpRequest {
  const [top = '', query = '', variables = '{}'] = block.trim().split('\n\n')
  const [says = '', ...lines] = top.split('\n')
  const pairs = lines.flatMap((line) => (/^[A-Z][A-Za-z-]*: /.test(line) ? [line.split(/: (.*)/s)] : []))
  const headers = Object.fromEntries(pairs.map(([name = '', value = '']) => [name.toLowerCase(), value]))
  return { says, name: /^# @name (\w+)$/m.exec(top)?.[1] ?? '', headers, query, variables }
}

/** Fills in what stands in double braces: a variable, `$guid`, `$randomInt`, `$datetime`, or a part of what an earlier request was answered. */
export function fillIn(
  text: string,
  variables: Map<string, string>,
  answers: Map<string, unknown>,
  nowMs: number,
): string {
  return text.replaceAll(/\{\{([^}]+)\}\}/g, (_, inner: string) => {
    if (inner === '$guid') return randomUUID()
    const [, from, to] = /^\$randomInt (\d+) (\d+)$/.exec(inner) ?? []
    if (to !== undefined) return String(randomInt(Number(from), Number(to)))
    const [, hours] = /^\$datetime iso8601(?: (\d+) h)?$/.exec(inner) ?? []
    if (inner.startsWith('$datetime')) return new Date(nowMs + Number(hours ?? 0) * 3_600_000).toISOString()
    const [, name, path] = /^(\w+)\.response\.body\.\$\.(.+)$/.exec(inner) ?? []
    if (name === undefined || path === undefined) return variables.get(inner) ?? missing(inner)
    const parts = path.split(/[.[\]]+/).filter(Boolean)
    const found = parts.reduce<unknown>(
      (value, part) => (value as Record<string, unknown> | undefined)?.[part],
      answers.get(name),
    )
    return found === undefined ? missing(inner) : String(found)
  })
}

function missing(what: string): never {
  throw new Error(`nothing to fill in for {{${what}}}`)
}
