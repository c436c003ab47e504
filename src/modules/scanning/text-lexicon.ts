import type { Level, TextLabel } from './labels.ts'
import { type Reading, readText } from './text-reading.ts'

/** Where a term counts: as a whole word, at the start or end of one, anywhere in one, or as words one after the other. */
export type Place = 'word' | 'start' | 'end' | 'any' | 'phrase'

export interface Term {
  /** Null: what lies within it is clean. */
  label: TextLabel | null
  level: Level
  place: Place
  /** At least so many of each letter. */
  lengths: readonly number[]
  size: number
}

/** Terms of one label: words with `*` where something may go on, `+` for the usual endings of English; phrases with (this|that), (this )? and _ for up to two words. */
export interface Terms {
  label: TextLabel | null
  level: Level
  words?: string
  phrases?: readonly string[]
}

const endings = ['', 's', 'es', 'ed', 'er', 'ers', 'ing', 'in', 'y']
/** Words that a gap may have. */
export const gapWords = 2
const width = 32

/** Every term as a way from letter to letter: a text is read along it once, however many terms there are. */
export class Lexicon {
  readonly #ascii: number[] = new Array(width).fill(0)
  readonly #others = new Map<number, number>()
  readonly #terms: (Term[] | undefined)[] = [undefined]
  readonly #gaps: number[] = [0]

  constructor(lists: readonly Terms[]) {
    for (const { label, level, words = '', phrases = [] } of lists) {
      for (const word of words.split(/\s+/).filter(Boolean)) this.#addWord(word, label, level)
      for (const phrase of phrases) for (const each of expanded(phrase)) this.#addPhrase(each, label, level)
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

  /** Where it goes on after some other words; 0: it does not. */
  afterGap(node: number): number {
    return this.#gaps[node] as number
  }

  #addWord(word: string, label: TextLabel | null, level: Level): void {
    const anyStart = word.startsWith('*')
    const anyEnd = word.endsWith('*')
    const inflected = word.endsWith('+')
    const bare = word.replace(/^\*|[*+]$/g, '')
    const place = anyStart ? (anyEnd ? 'any' : 'end') : anyEnd ? 'start' : 'word'
    for (const ending of inflected ? endings : ['']) this.#add([bare + ending], label, level, place)
    if (!inflected) return
    const last = bare.at(-1) as string
    for (const ending of ['ed', 'er', 'ing', 'y', 'in']) this.#add([bare + last + ending], label, level, place)
    if (last === 'e')
      for (const ending of ['ing', 'in', 'y']) this.#add([bare.slice(0, -1) + ending], label, level, place)
  }

  #addPhrase(phrase: string, label: TextLabel | null, level: Level): void {
    this.#add(phrase.split('_'), label, level, 'phrase')
  }

  #add(segments: string[], label: TextLabel | null, level: Level, place: Place): void {
    const spelled = readings(segments, 'spelling')
    const looked = readings(segments, 'looks')
    const isAscii = looked.every(({ letters }) => letters.every((letter) => letter < width))
    const own = segments.join('')
    // `coño` without its mark is another word: a word in Latin letters of its own counts as it is spelled only.
    if (!(isAscii && /[^\0-\x7f]/.test(own) && /^[\p{Script=Latin}\p{M}\s]+$/u.test(own)))
      this.#insert(looked, label, level, place)
    this.#insert(spelled, label, level, place)
  }

  #insert(
    segments: { letters: number[]; lengths: number[] }[],
    label: TextLabel | null,
    level: Level,
    place: Place,
  ): void {
    let node = 0
    for (const [i, { letters }] of segments.entries()) {
      if (i > 0) node = this.#gap(node)
      for (const letter of letters) node = this.#child(node, letter)
    }
    const lengths = segments.flatMap((segment) => segment.lengths)
    const terms = this.#terms[node] ?? []
    this.#terms[node] = terms
    const same = terms.some(
      (term) => term.label === label && term.place === place && String(term.lengths) === String(lengths),
    )
    if (!same) terms.push({ label, level, place, lengths, size: lengths.reduce((sum, each) => sum + each, 0) })
  }

  #child(node: number, letter: number): number {
    const known = this.next(node, letter)
    if (known) return known
    const made = this.#node()
    if (letter < width) this.#ascii[node * width + letter] = made
    else this.#others.set(node * 0x200000 + letter, made)
    return made
  }

  #gap(node: number): number {
    if (!this.#gaps[node]) this.#gaps[node] = this.#node()
    return this.#gaps[node] as number
  }

  #node(): number {
    for (let i = 0; i < width; i++) this.#ascii.push(0)
    this.#gaps.push(0)
    return this.#terms.push(undefined) - 1
  }
}

/** A term as it is read, without what is between its words: letters that meet there are one run. */
function readings(segments: string[], fold: 'looks' | 'spelling'): { letters: number[]; lengths: number[] }[] {
  return segments.map((segment) => {
    const { letters, lengths }: Reading = readText(fold === 'spelling' ? segment.normalize('NFC') : segment, {
      fold,
      leet: false,
    })
    const met = { letters: [] as number[], lengths: [] as number[] }
    for (const [i, letter] of letters.entries()) {
      const length = lengths[i] as number
      if (met.letters.at(-1) === letter) met.lengths[met.lengths.length - 1] = (met.lengths.at(-1) as number) + length
      else {
        met.letters.push(letter)
        met.lengths.push(length)
      }
    }
    return met
  })
}

/** Every phrase that a pattern stands for. */
export function expanded(pattern: string): string[] {
  const open = pattern.lastIndexOf('(')
  if (open < 0) return [pattern]
  const close = pattern.indexOf(')', open)
  const choices = pattern.slice(open + 1, close).split('|')
  const optional = pattern[close + 1] === '?'
  const rest = pattern.slice(close + (optional ? 2 : 1))
  const each = optional ? [...choices, ''] : choices
  return each.flatMap((choice) => expanded(pattern.slice(0, open) + choice + rest))
}
