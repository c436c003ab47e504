import type { Level, TextLabel } from './labels.ts'
import { segmentsOf } from './text-patterns.ts'
import { type Reading, readText } from './text-reading.ts'

/** Where a term counts: as a whole word, at the start or end of one, anywhere in one, or as words one after the other. */
export type Place = 'word' | 'start' | 'end' | 'any' | 'phrase'

export interface Term {
  /** Null: what lies within it is clean. */
  label: TextLabel | null
  level: Level
  place: Place
  /** At least so many of each letter; of a phrase, in its last part. */
  lengths: readonly number[]
  size: number
  /** Of a phrase: whether it has several parts. */
  joined: boolean
}

/** Here a part of a phrase ends, and another one may follow. */
export interface Link {
  to: number
  /** Other words may be between. */
  gap: boolean
  lengths: readonly number[]
}

/**
 * Terms of one label: words, with `*` where a word may go on, and `+` for the usual endings of English; phrases, with (this|that), (this )?
 * and _ for up to two words.
 */
export interface Terms {
  label: TextLabel | null
  level: Level
  words?: string
  phrases?: readonly string[]
}

const endings = ['', 's', 'es', 'ed', 'er', 'ers', 'ing', 'in', 'y']
const doubling = ['ed', 'er', 'ing', 'in', 'y']
const width = 32
const phraseSize = 99
/** From here on characters are syllables or words. */
const firstSyllable = 0x2e80
/** Where words begin, and where what is within a word does. */
export const roots = { word: 0, within: 1 } as const

/** Every term as a way from letter to letter: a text is read along it once, however many terms there are. */
export class Lexicon {
  #ascii = new Int32Array(width * 4096)
  readonly #others = new Map<number, number>()
  readonly #terms: (Term[] | undefined)[] = [undefined, undefined]
  readonly #links: (Link[] | undefined)[] = [undefined, undefined]

  constructor(lists: readonly Terms[]) {
    for (const { label, level, words = '', phrases = [] } of lists) {
      for (const word of words.split(/\s+/).filter(Boolean)) this.#addWord(word, label, level)
      for (const phrase of phrases) this.#addPhrase(phrase, label, level)
    }
  }

  /** Where a letter leads; 0: nowhere. */
  next(node: number, letter: number): number {
    return letter < width
      ? (this.#ascii[node * width + letter] as number)
      : (this.#others.get(node * 0x200000 + letter) ?? 0)
  }

  termsAt(node: number): readonly Term[] | undefined {
    return this.#terms[node]
  }

  linksAt(node: number): readonly Link[] | undefined {
    return this.#links[node]
  }

  #addWord(word: string, label: TextLabel | null, level: Level): void {
    const anyStart = word.startsWith('*')
    const anyEnd = word.endsWith('*')
    const bare = word.replace(/^\*|[*+]$/g, '')
    const place = anyStart ? (anyEnd ? 'any' : 'end') : anyEnd ? 'start' : 'word'
    for (const form of word.endsWith('+') ? inflected(bare) : [bare]) {
      for (const { letters, lengths } of readings(form)) {
        const size = lengths.reduce((sum, each) => sum + Math.abs(each), 0)
        for (const root of anyStart ? [roots.word, roots.within] : [roots.word])
          this.#put(this.#way(root, letters), { label, level, place, lengths, size, joined: false })
      }
    }
  }

  #addPhrase(pattern: string, label: TextLabel | null, level: Level): void {
    const segments = segmentsOf(pattern)
    const starts = segments.map((_, i) => (i === 0 ? roots.word : this.#node()))
    for (const [i, { choices }] of segments.entries()) {
      const isFirst = segments.slice(0, i).every(({ optional }) => optional)
      const from = isFirst && i > 0 ? [roots.word, starts[i] as number] : [starts[i] as number]
      for (const { letters, lengths } of choices.flatMap(readings)) {
        for (const root of from) {
          const node = this.#way(root, letters)
          let gap = false
          let next = i + 1
          for (; next < segments.length; next++) {
            const { optional, isGap } = segments[next] as (typeof segments)[number]
            gap ||= isGap
            if (!isGap) this.#link(node, { to: starts[next] as number, gap, lengths })
            if (!optional) break
          }
          if (next === segments.length)
            this.#put(node, { label, level, place: 'phrase', lengths, size: phraseSize, joined: segments.length > 1 })
        }
      }
    }
  }

  #put(node: number, term: Term): void {
    const terms = this.#terms[node] ?? []
    this.#terms[node] = terms
    const isSame = (other: Term) =>
      other.label === term.label && other.place === term.place && String(other.lengths) === String(term.lengths)
    const known = terms.findIndex(isSame)
    if (known < 0) terms.push(term)
  }

  #link(node: number, link: Link): void {
    const links = this.#links[node] ?? []
    this.#links[node] = links
    links.push(link)
  }

  #way(root: number, letters: readonly number[]): number {
    let node = root
    for (const letter of letters) {
      const known = this.next(node, letter)
      if (known) {
        node = known
        continue
      }
      const made = this.#node()
      if (letter < width) this.#ascii[node * width + letter] = made
      else this.#others.set(node * 0x200000 + letter, made)
      node = made
    }
    return node
  }

  #node(): number {
    const made = this.#terms.push(undefined) - 1
    this.#links.push(undefined)
    if ((made + 1) * width > this.#ascii.length) {
      const wider = new Int32Array(this.#ascii.length * 2)
      wider.set(this.#ascii)
      this.#ascii = wider
    }
    return made
  }
}

function inflected(bare: string): string[] {
  const last = bare.at(-1) as string
  return [
    ...endings.map((ending) => bare + ending),
    ...doubling.map((ending) => bare + last + ending),
    ...(last === 'e' ? ['ing', 'in', 'y'].map((ending) => bare.slice(0, -1) + ending) : []),
  ]
}

/** A term as it is read, by looks and as it is spelled, without what is between its words: letters that meet there are one run. */
function readings(term: string): { letters: number[]; lengths: number[] }[] {
  const looked = met(readText(term, { fold: 'looks', leet: false }))
  if (/^[\0-\x7f]*$/.test(term)) return looked.letters.length > 0 ? [looked] : []
  const spelled = met(readText(term.normalize('NFC'), { fold: 'spelling', leet: false }))
  // `coño` without its mark is another word: one in Latin letters of its own counts as it is spelled only.
  return /^[\p{Script=Latin}\p{M}\s]+$/u.test(term) ? [spelled] : [looked, spelled]
}

function met({ letters, lengths }: Reading): { letters: number[]; lengths: number[] } {
  const runs = { letters: [] as number[], lengths: [] as number[] }
  for (const [i, letter] of letters.entries()) {
    const length = lengths[i] as number
    if (runs.letters.at(-1) === letter) runs.lengths[runs.lengths.length - 1] = (runs.lengths.at(-1) as number) + length
    else {
      runs.letters.push(letter)
      runs.lengths.push(length)
    }
  }
  // A syllable or a word that is written twice is another one; a letter is one that is drawn out. A negative length is exact.
  runs.lengths = runs.lengths.map((length, i) => ((runs.letters[i] as number) >= firstSyllable ? -length : length))
  return runs
}
