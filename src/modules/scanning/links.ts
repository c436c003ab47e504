import { LinkifyIt } from 'linkify-it'
import { parse } from 'tldts'
import type { FoundLink } from './labels.ts'
import { readLinkText } from './link-text.ts'
import { isOrdinary } from './text-ordinary.ts'
import { spelled } from './text-reading.ts'

/** What is known of a domain: the list of the deployment says so, or nothing. */
export type DomainVerdict = 'allowed' | 'denied' | undefined

/** Longer ones nobody types, and links are not counted for ever. */
const chunkAtMost = 2048
const linksAtMost = 100

const linkify = new LinkifyIt()
// Something with a dot within it, or with a scheme.
const likely = /[.．。｡․﹒][^\s.]|:[/\\]{2}|[[({](?:\.|dot)[\])}]/iu
const chunks = /[^\s<>"`{}|^“”«»「」『』（），；、]+/gu
const scheme = /(?:https?|ftp):[/\\]{2,}/iu
const leading = /^[([{'‘*_~,;:!?¡¿-]+/u
const hostEnd = /[/?#:\\,;!'()[\]*]/u
const trailing = new Set(".,;:!?'*_~)]}-")
const label = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}_-]{0,61}[\p{L}\p{N}\p{M}])?$/u

/** Every link in the texts, with a scheme or without one. */
export function findLinks(texts: readonly string[]): FoundLink[] {
  const links: FoundLink[] = []
  for (const [text, given] of texts.entries()) {
    if (!likely.test(given)) continue
    const read = readLinkText(given)
    for (const found of linksIn(read.text)) {
      if (links.length >= linksAtMost) return links
      const last = read.at[found.end - 1]
      const start = read.at[found.start] ?? found.start
      links.push({ ...found, text, start, end: last === undefined ? found.end : last + 1 })
    }
  }
  return links
}

/** The text without its links, and otherwise as it was. */
export function stripLinks(text: string): string {
  const links = findLinks([text])
  let left = ''
  let from = 0
  for (const { start, end } of links) {
    left += text.slice(from, start)
    from = end
  }
  if (links.length === 0) return text
  const stripped = (left + text.slice(from)).replace(/[ \t]{2,}/g, ' ').trim()
  // More links than are found at once.
  return links.length < linksAtMost || stripped === text ? stripped : stripLinks(stripped)
}

/** Where a link leads: the host as a browser reads it, and what of it somebody registered. */
export function placeOf(url: string): { host: string; domain: string } | undefined {
  if (!URL.canParse(url)) return undefined
  const host = new URL(url).hostname.replace(/\.$/, '')
  if (host === '') return undefined
  const { domain, isIp } = parse(host, { allowPrivateDomains: true })
  return { host, domain: domain ?? (isIp ? host : '') }
}

type Found = Omit<FoundLink, 'text'>

function* linksIn(text: string): Generator<Found> {
  for (const match of text.matchAll(chunks)) {
    let [chunk] = match
    let start = match.index
    if (chunk.length < 4 || !/[.:]/.test(chunk)) continue
    while (chunk.length > 3) {
      const found = firstIn(chunk.slice(0, chunkAtMost), start)
      if (!found) break
      yield found
      chunk = chunk.slice(found.end - start)
      start = found.end
    }
  }
}

/** The first link of a chunk of text without spaces that begins there. */
function firstIn(chunk: string, offset: number): Found | undefined {
  const schemed = scheme.exec(chunk)
  const bare = bareIn(schemed ? chunk.slice(0, schemed.index) : chunk, offset)
  if (bare || !schemed) return bare
  const given = chunk.slice(schemed.index)
  const rest = given.slice(schemed[0].length)
  const length = schemed[0].length + lengthOf(rest)
  const start = offset + schemed.index
  const url = `${schemed[0].slice(0, schemed[0].indexOf(':')).toLowerCase()}://${rest.slice(0, length - schemed[0].length)}`
  const place = placeOf(url)
  return place && { ...place, url, start, end: start + length }
}

function bareIn(chunk: string, offset: number): Found | undefined {
  const skipped = leading.exec(chunk)?.[0].length ?? 0
  const given = chunk.slice(skipped)
  const before = given.split(/[/?#]/u, 1)[0] as string
  // An address to write to, not to open.
  if (before.includes('@')) return undefined
  const host = trimmed(given.split(hostEnd, 1)[0] as string)
  if (!host.includes('.') || host.length > 253 || !host.split('.').every((part) => label.test(part))) return undefined
  const path = given.slice(host.length)
  const opens = /^\.?(?::\d|[/?#])/.test(path)
  const { domain, isIp, isIcann, isPrivate, publicSuffix } = parse(host, { allowPrivateDomains: true })
  if (isIp ? !opens : !domain || !(isIcann || isPrivate)) return undefined
  // A sentence that begins right after another: `done.so`.
  const [first = ''] = host.split('.')
  if (
    !opens &&
    host.toLowerCase() === domain &&
    publicSuffix &&
    isWord(publicSuffix) &&
    (isWord(first) || /\.\p{Lu}[^.]*$/u.test(host))
  )
    return undefined
  const place = placeOf(`http://${host}`)
  if (!place) return undefined
  const length = opens ? Math.max(lengthOf(given), host.length) : host.length
  const start = offset + skipped
  return { ...place, url: `http://${given.slice(0, length)}`, start, end: start + length }
}

const isWord = (text: string) => isOrdinary(spelled(text))

/** How much of what follows `http://` belongs to the link: brackets and full stops at its end may not. */
function lengthOf(rest: string): number {
  const [authority = ''] = rest.split(/[/?#\\]/u, 1)
  const unusual = authority.includes('@') || authority.includes('[') || authority.endsWith('.')
  const length = unusual ? 0 : linkify.testSchemaAt(`http://${rest}`, 'http:', 5) - 2
  return length > 0 ? length : trimmed(rest).length
}

function trimmed(text: string): string {
  let end = text.length
  while (end > 0 && trailing.has(text[end - 1] as string)) end -= 1
  return text.slice(0, end)
}
