import { type Fold, foldLooks, foldSpelling } from './text-folding.ts'

/** How a piece follows the one before it. */
export const joins = { space: 0, mark: 1, apostrophe: 2 } as const
export type Join = (typeof joins)[keyof typeof joins]

/** How text is read: what looks like ASCII as ASCII, or letters as they are; figures and signs as letters, or between words. */
export interface Manner {
  fold: 'looks' | 'spelling'
  leet: boolean
}

/**
 * A text as runs of equal letters, in pieces. `aSSS` is the runs a, s; a piece is what nothing separates. Letters are numbers: 1 to 26,
 * or a code point. What is often written for another letter has its number: l, 1 and ! that of i; v that of u.
 */
export interface Reading {
  letters: number[]
  lengths: number[]
  /** Where in the given text a run begins and ends. */
  from: number[]
  to: number[]
  /** The piece of a run. */
  piece: number[]
  /** The first run of a piece, how it follows the one before, and how many letters and figures it has. */
  first: number[]
  join: Join[]
  size: number[]
  figures: number[]
}

const kinds = { mark: 0, space: 1, apostrophe: 2, letter: 3, sign: 4 } as const
const leetSigns: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '2': 'z',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '6': 'g',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
  '+': 't',
  '(': 'c',
  '€': 'e',
  '£': 'i',
  '¢': 'c',
  '§': 's',
}
const asNumber = (letter: string) => {
  const point = letter.codePointAt(0) ?? 0
  if (point < 97 || point > 122) return point
  return letter === 'l' ? 9 : letter === 'v' ? 21 : point - 96
}
/** At the end of a word these are what they are. */
const closing = new Set(Array.from('!+(', (each) => each.charCodeAt(0)))
const closingAtMost = 3
const signOf = new Map(Object.entries(leetSigns).map(([sign, letter]) => [sign.codePointAt(0) ?? 0, asNumber(letter)]))
const word = /[\p{L}\p{M}]/u
const white = /\s/u
const apostrophes = new Set("'’‘`´ʼ＇".split('').map((each) => each.codePointAt(0)))

const known = new Map<number, number>()
/** The kind of a folded character, and its number: `number * 8 + kind`. */
function described(point: number): number {
  let found = known.get(point)
  if (found === undefined) {
    if (known.size > 20_000) known.clear()
    const text = String.fromCodePoint(point)
    const sign = signOf.get(point)
    if (sign !== undefined) found = sign * 8 + kinds.sign
    else if (apostrophes.has(point)) found = kinds.apostrophe
    else if (word.test(text)) found = asNumber(text) * 8 + kinds.letter
    else found = white.test(text) ? kinds.space : kinds.mark
    known.set(point, found)
  }
  return found
}

const asciiKinds = Int32Array.from({ length: 128 }, (_, point) =>
  described(String.fromCharCode(point).toLowerCase().charCodeAt(0)),
)
const nothing = -1
const isFigure = (unit: number) => unit >= 48 && unit <= 57

export function readText(text: string, { fold, leet }: Manner): Reading {
  const folded: Fold = fold === 'looks' ? foldLooks : foldSpelling
  const reading: Reading = {
    letters: [],
    lengths: [],
    from: [],
    to: [],
    piece: [],
    first: [],
    join: [],
    size: [],
    figures: [],
  }
  const { letters, lengths, from, to, piece, first, join, size, figures } = reading
  let open = false
  let pending: Join = joins.space
  let last = nothing

  function take(at: number, end: number, what: number, nextIsWord: boolean) {
    const figure = isFigure(text.charCodeAt(at))
    const kind = what & 7
    if (
      kind === kinds.letter ||
      (kind === kinds.sign && leet && (nextIsWord || (open && !closing.has(text.charCodeAt(at)))))
    ) {
      if (!open) {
        first.push(letters.length)
        join.push(pending)
        size.push(0)
        figures.push(0)
        open = true
        last = nothing
      }
      const current = first.length - 1
      const number = what >> 3
      size[current] = (size[current] as number) + 1
      if (figure) figures[current] = (figures[current] as number) + 1
      if (number === last) {
        lengths[lengths.length - 1] = (lengths[lengths.length - 1] as number) + 1
        to[to.length - 1] = end
      } else {
        letters.push(number)
        lengths.push(1)
        from.push(at)
        to.push(end)
        piece.push(current)
        last = number
      }
      return
    }
    const how = kind === kinds.space ? joins.space : kind === kinds.apostrophe ? joins.apostrophe : joins.mark
    // Of several separators the widest counts: a space before a mark before an apostrophe.
    pending = open ? how : how === joins.space || pending === joins.space ? joins.space : joins.mark
    open = false
  }

  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 128) {
      const what = asciiKinds[unit] as number
      if (unit < 32 && !white.test(text[i] as string)) continue
      take(i, i + 1, what, leet && isWord(text, i + 1))
      continue
    }
    const point = text.codePointAt(i) as number
    const end = point > 0xffff ? i + 2 : i + 1
    for (const part of folded(point)) {
      const partPoint = part.codePointAt(0) as number
      // Vowel signs belong to letters of their own writing only.
      if (partPoint > 127 && (last === nothing || last < 27) && isMark(partPoint)) continue
      take(i, end, described(partPoint), leet && isWord(text, end))
    }
    i = end - 1
  }
  return reading
}

const markKnown = new Map<number, boolean>()
function isMark(point: number): boolean {
  let found = markKnown.get(point)
  if (found === undefined) {
    if (markKnown.size > 20_000) markKnown.clear()
    found = /\p{M}/u.test(String.fromCodePoint(point))
    markKnown.set(point, found)
  }
  return found
}

/** Whether a word goes on there: what is a sign at its end only is punctuation. */
function isWord(text: string, at: number): boolean {
  let next = at
  while (next < at + closingAtMost && closing.has(text.charCodeAt(next))) next += 1
  if (next >= text.length) return false
  const unit = text.charCodeAt(next)
  const kind = unit < 128 ? (asciiKinds[unit] as number) & 7 : kinds.letter
  return kind === kinds.letter || (kind === kinds.sign && !closing.has(unit))
}

/** A word as it is read, for comparing: repeated letters up to three, and one letter for those that are often written for each other. */
export function spelled(text: string): string {
  const reading = readText(text, { fold: 'looks', leet: false })
  return spelledRuns(reading, 0, reading.letters.length)
}

export function spelledRuns({ letters, lengths }: Reading, from: number, until: number): string {
  let text = ''
  for (let run = from; run < until; run++) {
    const letter = letters[run] as number
    text += String.fromCodePoint(letter < 27 ? letter + 96 : letter).repeat(Math.min(lengths[run] as number, 3))
  }
  return text
}
