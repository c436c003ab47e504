import { confusables } from './text-confusables.ts'

/** Decides that two characters are the same when texts are matched. Nothing else is made of the result: it is never shown. */
export type Fold = (codePoint: number) => string

const ignorable = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u
const mark = /\p{M}/u
const marks = /\p{M}/gu
// Marks without which a word is another word: vowel signs from Devanagari to Khmer, and the voicing of kana.
const spelling =
  /[\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Thai}\p{Script=Lao}\p{Script=Myanmar}\p{Script=Khmer}\u3099\u309a]/u
const ascii = /^[\0-\x7f]*$/
const letters = /^[a-z]+$/

/** What is remembered of code points at most; there are 150,000 with a meaning, and a day's texts have some thousand. */
const rememberedAtMost = 20_000

function remembering(fold: Fold): Fold {
  const known = new Map<number, string>()
  return (codePoint) => {
    let folded = known.get(codePoint)
    if (folded === undefined) {
      if (known.size >= rememberedAtMost) known.clear()
      folded = fold(codePoint)
      known.set(codePoint, folded)
    }
    return folded
  }
}

/** Enclosed letters that NFKC leaves alone, and the letters of flags. */
function enclosed(codePoint: number): string | undefined {
  for (const first of [0x1f150, 0x1f170, 0x1f1e6]) {
    if (codePoint >= first && codePoint < first + 26) return String.fromCharCode(97 + codePoint - first)
  }
  return undefined
}

/**
 * By looks: compatibility forms (NFKC), capitals, marks and look-alikes are gone, so that a word in disguise is the word. Text is folded
 * one code point at a time, which takes the same time for any text.
 */
export const foldLooks = remembering((codePoint) => {
  const given = String.fromCodePoint(codePoint)
  if (ignorable.test(given)) return ''
  if (mark.test(given) && !spelling.test(given)) return ''
  const alike = confusables.get(codePoint) ?? enclosed(codePoint)
  if (alike) return alike
  return [...given.normalize('NFKD').toLowerCase()]
    .filter((part) => !ignorable.test(part) && (!mark.test(part) || spelling.test(part)))
    .map((part) => {
      const point = part.codePointAt(0) ?? 0
      const base =
        confusables.get(point) ?? part.normalize('NFKD').replace(marks, (each) => (spelling.test(each) ? each : ''))
      return letters.test(base) || ascii.test(base) ? base : (confusables.get(base.codePointAt(0) ?? 0) ?? base)
    })
    .join('')
})

const spellings: Record<string, string> = { ё: 'е', أ: 'ا', إ: 'ا', آ: 'ا', ى: 'ي', ة: 'ه', ـ: '', ß: 'ss', ς: 'σ' }

/** By spelling, for text in NFC: letters stay what they are in their own language, other than capitals and what is left out as a rule. */
export const foldSpelling = remembering((codePoint) => {
  const given = String.fromCodePoint(codePoint)
  if (ignorable.test(given)) return ''
  if (mark.test(given) && !spelling.test(given)) return ''
  return Array.from(given.normalize('NFKC').toLowerCase(), (part) => {
    const point = part.codePointAt(0) ?? 0
    // Katakana as hiragana.
    if (point >= 0x30a1 && point <= 0x30f6) return String.fromCodePoint(point - 0x60)
    return spellings[part] ?? (ignorable.test(part) ? '' : part)
  }).join('')
})
