import { type Lexicon, type Link, roots, type Term } from './text-lexicon.ts'
import { isOrdinary } from './text-ordinary.ts'
import { joins, type Reading, spelled, spelledRuns } from './text-reading.ts'

export interface Hit {
  term: Term
  /** The first and the last of its runs. */
  first: number
  last: number
}

/** Words that a gap in a phrase may have. */
const gapWords = 2
/** Words without anything between them have so many letters together. */
const wordsInOne = 9
/** Pieces that one term may lie over: each place in a text is looked at so often at most. */
const piecesAtMost = 40
/** Letters that are looked at from one place in a text at most, along all ways together. */
const stepsAtMost = 400
/** What follows an apostrophe without being the rest of a word. */
const contractions = new Set(['re', 'll', 'd', 's', 't', 've', 'm', 'em', 'all'].map(spelled))

/**
 * Every term in a text. A word counts where words begin and end, and over separators too (`f.u.c k`), unless each part of it is an ordinary
 * word (`pen is`). Takes time by the length of the text, whatever is in it.
 */
export function findTerms(reading: Reading, lexicon: Lexicon): Hit[] {
  const { letters, lengths, piece, first, join, size, figures } = reading
  const count = letters.length
  const path: number[] = []
  const hits: Hit[] = []

  const startOf = (index: number) => (index < first.length ? (first[index] as number) : count)
  const isEnd = (run: number) => run + 1 === startOf((piece[run] as number) + 1)
  const textOf = (index: number) => spelledRuns(reading, startOf(index), startOf(index + 1))

  /** A word over several pieces is a word in disguise, or several that only stand beside each other. */
  function isOneWord(begin: number, end: number, term: Term): boolean {
    const from = piece[begin] as number
    const until = piece[end] as number
    let spaces = 0
    let single = true
    let ordinary = true
    for (let i = from; i <= until; i++) {
      if (i > from) {
        if (join[i] === joins.space) spaces += 1
        if (join[i] === joins.apostrophe && contractions.has(textOf(i))) return false
      }
      single &&= (size[i] as number) === 1
      ordinary &&= isOrdinary(textOf(i))
    }
    if (ordinary) return false
    if (!(begin === startOf(from) && isEnd(end))) return spaces === 0 && term.size > 3
    if (term.size > 3) return true
    // Three letters: on their own, and nothing like them around.
    const alone = (index: number) => index < 0 || index >= first.length || (size[index] as number) > 1
    return single && alone(from - 1) && alone(until + 1)
  }

  /** In figures alone nothing is written, nor in the name of a road. */
  function isWritten(begin: number, end: number, term: Term): boolean {
    let lettersIn = 0
    let figuresIn = 0
    for (let i = piece[begin] as number; i <= (piece[end] as number); i++) {
      figuresIn += figures[i] as number
      lettersIn += (size[i] as number) - (figures[i] as number)
    }
    return figuresIn === 0 || (term.size > 3 ? lettersIn > 0 : lettersIn > 1)
  }

  function fits(term: Term, begin: number, end: number, base: number): boolean {
    const { lengths: least, place } = term
    if (!isLongEnough(least, base)) return false
    const starts = begin === startOf(piece[begin] as number)
    const ends = isEnd(end)
    if ((place === 'word' || place === 'start' || place === 'phrase') && !starts) return false
    if ((place === 'word' || place === 'end' || place === 'phrase') && !ends) return false
    if (!isWritten(begin, end, term)) return false
    const inOne = piece[begin] === piece[end]
    // Several words written as one have to be long: `goodie` is not `go die`.
    if (place === 'phrase') return !inOne || !term.joined || (size[piece[begin] as number] as number) >= wordsInOne
    return inOne || isOneWord(begin, end, term)
  }

  // Each part of a phrase has its own stretch of the path.
  function isLongEnough(least: readonly number[], base: number): boolean {
    for (let i = 0; i < least.length; i++) {
      const length = path[base + i] as number
      const wanted = least[i] as number
      if (wanted < 0 ? length !== -wanted : length < wanted) return false
    }
    return true
  }

  let steps = 0

  function walk(begin: number, at: number, root: number, starts: boolean, base: number): void {
    let node = root
    let depth = base
    let last = -1
    let crossed = 0
    for (let run = at; run < count; run++) {
      steps += 1
      if (steps > stepsAtMost) return
      const letter = letters[run] as number
      if (letter === last) path[depth - 1] = (path[depth - 1] as number) + (lengths[run] as number)
      else {
        node = lexicon.next(node, letter)
        if (node === 0) return
        path[depth] = lengths[run] as number
        depth += 1
        last = letter
      }
      const ends = isEnd(run)
      const terms = lexicon.termsAt(node)
      if (terms)
        for (const term of terms) if (fits(term, begin, run, base)) hits.push({ term, first: begin, last: run })
      const links = starts ? lexicon.linksAt(node) : undefined
      if (links) follow(links, begin, run, base, depth)
      if (!ends) continue
      crossed += 1
      // What begins within a word ends with what is not separated from it by a space.
      if (crossed > piecesAtMost || (!starts && join[(piece[run] as number) + 1] === joins.space)) return
    }
  }

  function follow(links: readonly Link[], begin: number, run: number, base: number, depth: number): void {
    const next = (piece[run] as number) + 1
    for (const { to, gap, lengths: least } of links) {
      if (!isLongEnough(least, base)) continue
      const skips = gap && isEnd(run) ? gapWords : 0
      for (let skipped = 0; skipped <= skips; skipped++) {
        const goesOn = skipped === 0 ? run + 1 : startOf(next + skipped)
        if (goesOn < count) walk(begin, goesOn, to, true, depth)
      }
    }
  }

  for (let run = 0; run < count; run++) {
    steps = 0
    const starts = run === startOf(piece[run] as number)
    walk(run, run, starts ? roots.word : roots.within, starts, 0)
  }
  return hits
}
