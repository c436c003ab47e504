import type { Level, TextLabel } from './labels.ts'

/** Words that people write with stars for letters, and what they are. */
const words: Record<'profanity' | 'slur' | 'sexual', string> = {
  profanity:
    'fuck fucks fucker fuckers fucked fucking motherfucker shit shits shitty bullshit bitch bitches cunt cunts asshole assholes bastard dickhead whore slut twat wanker',
  slur: 'nigger niggers nigga niggas faggot faggots retard retarded kike tranny',
  sexual: 'pussy cock dick tits blowjob',
}
const masks = new Set(['*', '#', '•', '×', '█'])
const vowel = /[aeiouy]/g

const known = new Map<string, { label: TextLabel; level: Level }>()
for (const [label, list] of Object.entries(words) as [TextLabel, string][]) {
  for (const word of list.split(' ')) {
    const level: Level = label === 'slur' ? 'high' : 'low'
    for (const masked of maskings(word)) if (!known.has(masked)) known.set(masked, { label, level })
  }
}

/** All between the ends, or all but two; each vowel, or all of them. */
function maskings(word: string): string[] {
  const { length } = word
  const stars = (from: number, until: number) =>
    word.slice(0, from) + '*'.repeat(Math.max(until - from, 0)) + word.slice(until)
  return [
    stars(1, length - 1),
    stars(1, length - 2),
    stars(2, length - 1),
    stars(2, length - 2),
    word.replace(vowel, '*'),
    ...Array.from(word.matchAll(vowel), ({ index }) => stars(index, index + 1)),
  ].filter((masked) => masked.includes('*') && /^[a-z].*[a-z]$/.test(masked))
}

const wordAtMost = 24
const hasMask = /[a-z][*#•×█]/i

/** Words with stars in them. */
export function findMasked(text: string): { label: TextLabel; level: Level; start: number; end: number }[] {
  const found: { label: TextLabel; level: Level; start: number; end: number }[] = []
  if (!hasMask.test(text)) return found
  const isPart = (unit: string | undefined) => unit !== undefined && (masks.has(unit) || /[A-Za-z]/.test(unit))
  let start = -1
  let masked = false
  for (let i = 0; i <= text.length; i++) {
    const unit = text[i]
    if (isPart(unit)) {
      if (start < 0) start = i
      masked ||= masks.has(unit as string)
      continue
    }
    if (start >= 0 && masked && i - start <= wordAtMost) {
      const word = Array.from(text.slice(start, i).toLowerCase(), (each) => (masks.has(each) ? '*' : each)).join('')
      const bare = word.replace(/^\*+|\*+$/g, '')
      const what = known.get(bare)
      if (what) found.push({ ...what, start, end: i })
    }
    start = -1
    masked = false
  }
  return found
}
