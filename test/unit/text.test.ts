import { type BadUserInputError, DomainError } from '../../src/platform/errors.ts'
import { checkedEmoji, checkedText } from '../../src/platform/text.ts'

const title = (value: string) => checkedText(value, { min: 1, max: 50, field: 'title' })
const lines = (value: string) => checkedText(value, { min: 0, max: 1000, field: 'description', lines: true })

function refusal(work: () => unknown): BadUserInputError | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof DomainError) return error
    throw error
  }
  return undefined
}

const family = '👨‍👩‍👧‍👦'

describe('a text', () => {
  test.each([
    ['  Evening chess ', 'Evening chess'],
    ['\u200b\ufeffSchach\u2060', 'Schach'],
    ['Cafe\u0301', 'Café'],
    ['لعبة الشطرنج', 'لعبة الشطرنج'],
    ['शतरंज', 'शतरंज'],
    [family.repeat(28), family.repeat(28)],
    ['a'.repeat(50), 'a'.repeat(50)],
  ])('%j is taken as %j', (given, taken) => {
    expect(title(given)).toBe(taken)
  })

  test.each([
    ['nothing', ''],
    ['blanks', ' \t\n'],
    ['zero-width characters', '\u200b\u200c\u200d\u2060\ufeff'],
    ['blank letters', '\u3164\u115f\u2800'],
    ['marks without a letter', '\u0301\u0301'],
    ['a variation selector', '\ufe0f'],
    ['NUL', 'che\0ss'],
    ['another control character', 'che\u001bss'],
    ['a line break', 'chess\nchess'],
    ['a line separator', 'chess\u2028chess'],
    ['half a surrogate pair', 'chess\ud800'],
    ['the other half', '\udc00chess'],
    ['writing turned around', 'chess \u202egnp.exe'],
    ['fifty-one characters', 'a'.repeat(51)],
    ['a letter under a pile of accents', `a${'\u0301\u0308'.repeat(20)}`],
    ['many letters under accents', `a${'\u0328\u0331\u0332\u0333\u0334\u0335'}`.repeat(40)],
    ['a megabyte', 'a'.repeat(1_048_576)],
  ])('of %s is refused', (_what, given) => {
    expect(refusal(() => title(given))).toMatchObject({ code: 'BAD_USER_INPUT', details: { field: 'title' } })
  })

  test('of several lines keeps them, in one way of writing', () => {
    expect(lines('one\r\ntwo\rthree\u2029\tfour\n')).toBe('one\ntwo\nthree\n\tfour')
    expect(refusal(() => lines('one\0'))).toBeDefined()
  })

  test('that may be empty may be nothing, but not pretend to be something', () => {
    expect(lines(' \u200b ')).toBe('')
    expect(refusal(() => lines('\u200d'))).toBeDefined()
  })
})

test('text that is not looked at character by character is what a reader counts, and in NFC', () => {
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
  const ranges = [' ~', '¡¬', '®ɏ', 'Ѐҁ', 'Ҋԯ', '‐‧', '€€', 'ぁゖ', 'ァヺ', '一鿿']
  for (const [first = '', last = ''] of ranges.map((range) => [...range]))
    for (let point = first.codePointAt(0) ?? 0; point <= (last.codePointAt(0) ?? 0); point++) {
      // Beside each other, since marks and joiners would only show there.
      const text = `x${String.fromCodePoint(point).repeat(2)}x`
      expect([text.normalize('NFC'), [...segmenter.segment(text)].length]).toEqual([text, 4])
      expect(checkedText(text, { min: 4, max: 4, field: 'text' })).toBe(text)
    }
})

describe('an emoji', () => {
  test.each(['♟️', '♟', '🎲', '👍🏽', family, '👩🏻‍❤️‍💋‍👨🏼', '🇨🇭', '🇿🇦', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', '1️⃣', '#⃣'])('is %s', (given) => {
    expect(checkedEmoji(given)).toBe(given)
  })

  test.each([
    '',
    ' ',
    'a',
    '1',
    '🎲🎲',
    '🎲a',
    'a🎲',
    '🇨',
    '\u200d',
    '\ufe0f',
    '\0',
    '\ud83c',
    '🎲\0',
    '🎲\u0301',
    family.repeat(2),
  ])('is not %j', (given) => {
    expect(refusal(() => checkedEmoji(given))).toMatchObject({
      code: 'BAD_USER_INPUT',
      details: { field: 'emoji' },
    })
  })
})
