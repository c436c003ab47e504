import { readFileSync } from 'node:fs'
import type { Profiler } from 'node:inspector/promises'

/** Packages that do one job together; any other one stands by itself. */
const jobs: [string, RegExp][] = [
  ['graphql-js', /^graphql$/],
  ['pothos, zod', /^(@pothos\/.*|zod)$/],
  ['yoga, envelop, whatwg', /^(graphql-yoga|lru-cache|tslib|@(graphql-yoga|envelop|whatwg-node|graphql-tools)\/.*)$/],
  ['ioredis', /^(ioredis|redis-.*|@ioredis\/.*|cluster-key-slot|standard-as-callback|denque)$/],
]
const json = 'JSON'
const writesJson = /\bJSON\.(parse|stringify)\(/

/** Tells for each node of a profile which parts its own time belongs to; the shares of a node add up to one. */
export function partsOf(nodes: Profiler.ProfileNode[]): Map<number, [part: string, share: number][]> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const lines = linesOfFiles()

  /** What the engine does in a function is its caller's: a write to a socket, a look into a map. */
  function partOf({ id, callFrame }: Profiler.ProfileNode): string {
    const { url, functionName } = callFrame
    if (functionName === '(garbage collector)') return 'garbage collection'
    if (functionName === '(program)') return 'native code outside of any function'
    if (url) return partOfFile(url)
    const caller = byId.get(parents.get(id) ?? 0)
    return caller ? partOf(caller) : 'the engine itself'
  }

  return new Map(
    nodes.map((node) => {
      // JSON has no frame of its own, but the line that it is called on is known.
      const ticks = node.positionTicks ?? []
      const isJson = ({ line }: Profiler.PositionTickInfo) => writesJson.test(lines(node.callFrame.url)[line - 1] ?? '')
      const all = ticks.reduce((sum, { ticks: some }) => sum + some, 0)
      const inJson = ticks.filter(isJson).reduce((sum, { ticks: some }) => sum + some, 0) / (all || 1)
      return [
        node.id,
        [
          [json, inJson],
          [partOf(node), 1 - inJson],
        ],
      ]
    }),
  )
}

function partOfFile(url: string): string {
  if (url.includes('/node_modules/')) {
    const path = url.split('/node_modules/').at(-1)?.split('/') ?? []
    const name = path.slice(0, path[0]?.startsWith('@') ? 2 : 1).join('/')
    return jobs.find(([, names]) => names.test(name))?.[0] ?? name
  }
  if (url.startsWith('node:crypto') || url.startsWith('node:internal/crypto')) return 'node: crypto'
  if (url.startsWith('node:')) return 'node: http, net, streams, timers'
  if (!url.includes('/src/')) return 'the bench itself'
  return `own code: ${url.split('/src/').at(-1)?.split('/')[0]}`
}

function linesOfFiles() {
  const known = new Map<string, string[]>()
  return (url: string): string[] => {
    let lines = known.get(url)
    if (!lines) {
      lines = url.startsWith('file:') ? readFileSync(new URL(url), 'utf8').split('\n') : []
      known.set(url, lines)
    }
    return lines
  }
}
