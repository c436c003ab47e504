import { BadUserInputError } from './errors.ts'

export interface TextRule {
  /** Characters as a reader counts them (grapheme clusters), after trimming. With 0 nothing at all is allowed too. */
  min: number
  max: number
  /** The input's name, for the message and for `extensions.field`. */
  field: string
  /** Whether line breaks and tabs may be in it. */
  lines?: boolean
}

/** The longest emoji in use have 10 code points; more in one character are accents piled up to cover its neighbours. */
const codePointsPerCharacter = 16
/** On average over a whole text: what writing systems with many marks need. */
const averageCodePoints = 4
const codePointsPerEmoji = 10

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })
const loneSurrogate = /\p{Surrogate}/u
// Embeddings, overrides and isolates would turn around what an app shows beside the text.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u
const lineBreak = /\r\n?|[\u2028\u2029]/g
const edges = /^[\s\u00ad\u180e\u200b\u2060\ufeff]+|[\s\u00ad\u180e\u200b\u2060\ufeff]+$/gu
// Letters and signs that stand for themselves, each one character, already in NFC and to be seen, in the writing systems that need no marks.
const plain =
  /^[ -~\u00a1-\u00ac\u00ae-\u024f\u0400-\u0481\u048a-\u052f\u2010-\u2027\u20ac\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]*$/
const visible = /[^\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\p{Cf}\p{M}\u2800]/u
const emoji =
  /^(?:\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3|\p{Extended_Pictographic}(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}\u{e0020}-\u{e007f}]|\u200d|\ufe0f|\u20e3)*)$/u

/**
 * The one rule for text that people write to each other: trimmed, in NFC, and counted as a reader counts. Refuses lone
 * surrogates, NUL and other control characters, marks that turn the writing around, and text with nothing to see in it.
 */
export function checkedText(value: string, { min, max, field, lines = false }: TextRule): string {
  const refuse = (what: string) => new BadUserInputError(`\`${field}\` ${what}.`, field)
  const length = min === 0 ? `has at most ${max} characters` : `has ${min} to ${max} characters`
  // Before anything that takes time by length. A code point is at most two units.
  if (value.length > max * averageCodePoints * 4) throw refuse(length)
  if (loneSurrogate.test(value)) throw refuse('has half of a surrogate pair in it')
  const trimmed = (lines ? value.replace(lineBreak, '\n') : value).replace(edges, '')
  // Most text is plain, and looking at it character by character takes a hundred times as long.
  if (trimmed !== '' && plain.test(lines ? trimmed.replace(/[\n\t]/g, '') : trimmed)) {
    if (trimmed.length < min || trimmed.length > max) throw refuse(length)
    return trimmed
  }
  const text = trimmed.normalize('NFC')
  if (unprintable.test(lines ? text.replace(/[\n\t]/g, '') : text)) throw refuse('has control characters in it')
  if (text === '' ? min > 0 : !visible.test(text)) throw refuse('has nothing to see in it')
  const sizes = Array.from(characters.segment(text), ({ segment }) => [...segment].length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.length < min || sizes.length > max || total > max * averageCodePoints) throw refuse(length)
  if (sizes.some((size) => size > codePointsPerCharacter)) throw refuse('has too many marks on one character')
  return text
}

/** One emoji: flags, keycaps, skin tones and joined ones too. */
export function checkedEmoji(value: string, field = 'emoji'): string {
  const points = value.length <= 2 * codePointsPerEmoji ? [...value].length : Number.POSITIVE_INFINITY
  const one = points <= codePointsPerEmoji && emoji.test(value) && [...characters.segment(value)].length === 1
  if (!one) throw new BadUserInputError(`\`${field}\` is one emoji.`, field)
  return value
}
