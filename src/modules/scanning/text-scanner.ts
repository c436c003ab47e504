// Invariant: what looks the same or says the same in disguise gets the same labels, and the text itself is never changed.
import {
  type Level,
  surer,
  type TextFindings,
  type TextLabel,
  type TextLevels,
  type TextReason,
  type TextScanner,
} from './labels.ts'
import { type DomainVerdict, findLinks } from './links.ts'
import { foldedText } from './text-folded.ts'
import { Lexicon } from './text-lexicon.ts'
import { findMasked } from './text-masked.ts'
import { findTerms } from './text-matching.ts'
import { phrases } from './text-phrases.ts'
import { scamPhrases } from './text-phrases-scam.ts'
import { type Manner, readText } from './text-reading.ts'
import { englishTerms } from './text-terms.ts'
import { languageTerms } from './text-terms-languages.ts'

/** More links than these are many. */
const linksAtMost = 3
/** Mild words, together as much as one that is not. */
const mildOnes = 3
/** What is told of a text at most. */
const reasonsAtMost = 50

const lexicon = new Lexicon([...englishTerms, ...languageTerms, ...phrases, ...scamPhrases])

const notAscii = /[^\0-\x7f]/
const signInWord = /\p{L}[0-9@$|€£¢§]|[0-9@$!|+€£¢§]\p{L}|\p{L}\(\p{L}|[@$][@$]/u
const turned = '\u202e'

/** `hostVerdict` tells what is known of where a link leads: nothing, without it. */
export function createTextScanner(hostVerdict: (host: string) => DomainVerdict = () => undefined): TextScanner {
  return {
    scan(texts): TextFindings {
      const text = texts.join('\n')
      const reasons = new Map<string, TextReason>()
      const note = (label: TextLabel, level: Level, start: number, end: number) => {
        const key = `${label} ${start} ${end}`
        const known = reasons.get(key)
        if (known) known.level = surer(known.level, level)
        else reasons.set(key, { label, level, ...placed(texts, start, end) })
      }
      for (const { label, level, start, end } of [...found(text), ...findMasked(text)]) note(label, level, start, end)
      // Turned around by a control, it is read from its end.
      if (text.includes(turned)) {
        for (const { label, level } of found([...text].reverse().join(''))) note(label, level, 0, text.length)
      }

      const links = findLinks(texts)
      for (const { host, ...where } of links) {
        if (hostVerdict(host) === 'denied')
          reasons.set(`unsafe_links ${where.text} ${where.start}`, { label: 'unsafe_links', level: 'high', ...where })
      }
      const counted = links.filter(({ host }) => hostVerdict(host) !== 'allowed').length
      const labels = levelsOf(reasons.values())
      if (counted > linksAtMost) labels.excessive_links = counted > 2 * linksAtMost ? 'high' : 'medium'
      return {
        labels,
        links,
        folded: texts.map(foldedText).join('\n'),
        reasons: [...reasons.values()].slice(0, reasonsAtMost).map(bare),
      }
    },
  }
}

interface Found {
  label: TextLabel
  level: Level
  start: number
  end: number
}

function found(text: string): Found[] {
  const manners: Manner[] = [{ fold: 'looks', leet: false }]
  if (signInWord.test(text)) manners.push({ fold: 'looks', leet: true })
  if (notAscii.test(text)) manners.push({ fold: 'spelling', leet: false })
  const all = manners.flatMap((manner) => foundIn(manner.fold === 'spelling' ? text.normalize('NFC') : text, manner))
  const clean = all.filter(({ label }) => label === null)
  return all.filter(
    (one): one is Found => one.label !== null && !clean.some(({ start, end }) => start <= one.start && one.end <= end),
  )
}

function foundIn(text: string, manner: Manner): (Omit<Found, 'label'> & { label: TextLabel | null })[] {
  const { from, to, ...reading } = readText(text, manner)
  return findTerms({ from, to, ...reading }, lexicon).map(({ term: { label, level }, first, last }) => ({
    ...{ label, level },
    start: from[first] as number,
    end: to[last] as number,
  }))
}

function levelsOf(reasons: Iterable<TextReason>): TextLevels {
  const labels: TextLevels = {}
  let mild = 0
  for (const { label, level } of reasons) {
    labels[label] = surer(labels[label], level)
    if (label === 'profanity' && level === 'low') mild += 1
  }
  if (mild >= mildOnes) labels.profanity = surer(labels.profanity, 'medium')
  return labels
}

/** Where in which text something is that was found in all of them together. */
function placed(texts: readonly string[], start: number, end: number): { text: number; start: number; end: number } {
  let before = 0
  for (const [text, { length }] of texts.entries()) {
    if (start <= before + length) return { text, start: start - before, end: Math.min(end - before, length) }
    before += length + 1
  }
  return { text: 0, start: 0, end: 0 }
}

const bare = ({ label, level, text, start, end }: TextReason): TextReason => ({ label, level, text, start, end })
