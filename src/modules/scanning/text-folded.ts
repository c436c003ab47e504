import { foldLooks } from './text-folding.ts'

const separators = /[\p{P}\s]+/gu
const repeated = /(.)\1{2,}/gu
const ascii = /^[\t\n\r -~]*$/

/** A text for comparing with another: by looks, without capitals, punctuation and letters repeated for effect. Folding it again changes nothing. */
export function foldedText(text: string): string {
  const folded = ascii.test(text)
    ? text.toLowerCase()
    : Array.from(text, (each) => foldLooks(each.codePointAt(0) as number)).join('')
  const words = folded.replace(separators, ' ').replace(repeated, '$1$1').replace(/ +/g, ' ').trim()
  return words === '' ? folded.replace(/\s+/gu, ' ').trim() : words
}
