import fc from 'fast-check'
import { englishDataset } from 'obscenity'
import { createTextScanner, type TextLabel, type TextLevels } from '../../src/modules/scanning/index.ts'
import { runs } from '../kit/fuzz.ts'

const scanner = createTextScanner()
const labelsOf = (...texts: string[]) => scanner.scan(texts).labels
const finds = (label: TextLabel, ...texts: string[]) => labelsOf(...texts)[label] ?? 'clean'

/** Terms in which disguises are tried, one of each label that words have. */
const banned: [string, TextLabel][] = [
  ['fuck', 'profanity'],
  ['bullshit', 'profanity'],
  ['asshole', 'profanity'],
  ['blowjob', 'sexual'],
  ['raghead', 'slur'],
  ['kill yourself', 'harassment'],
  ['сука', 'profanity'],
  ['жид', 'slur'],
]
const clean = [
  'Scunthorpe, Penistone and Clitheroe are towns; so is Cockermouth.',
  'The pen is mightier than the sword, as someone who reads knows.',
  'Assess the class assignment and pass it to the assistant of the bass player.',
  'Moby Dick, Dick Van Dyke, Alfred Hitchcock, Charles Dickens and Philip K. Dick',
  'Takeshita, Mishima, Yoshito, Matsushita, Niger, Nigeria, Montenegro, Bonn',
  'A snigger in Nigeria, a niggardly raccoon in Maine; Maine Coon kittens!',
  'Cocktails, peacocks, cockpits, shuttlecock at 5 pm near the A55 — room 455',
  'Meet at the old town hall at 8, bring 2 drinks + a friend. Call 555-0199!',
  'grape juice, therapist, analysis, canal, Essex, Sussex, Middlesex, Arsenal',
  'U. S. A., U. S. S. R., a. s. a. p.; push-it, hot/cold, as-is, an us/them thing',
  'Der Kreis ist dick, die Fahrt ist gut, das Fach heißt Deutsch, ich flicke den Schuh.',
  'Je suis en retard, la douane est là, un con de plus? Non, un conte.',
  'El cono es negro, Montenegro también; la pinta y el puente.',
  'Cilt bakımı ve sıcak çay, göl kenarında.',
  'Съешь ещё этих мягких французских булок, да выпей чаю. Рассуканный хлебушек.',
  '你好，我们去图书馆学习吧。他妈妈的手机在家。',
  '今日は図書館で勉強しましょう。',
  '오늘 도서관에서 만나요. 시발점은 서울역입니다.',
  'مرحبا كيف حالك اليوم نلتقي في المكتبة',
  'नमस्ते, आज पुस्तकालय में मिलते हैं। छक्का मारा!',
  "Who're you? He'll be there; we'll see, she'd know.",
  '😀😃🇩🇪🇺🇸🇦🇸 ❤️ ¯\\_(ツ)_/¯ 1️⃣2️⃣',
  "Please don't kill yourself, we need you.",
]

/** Names, animals, colours, what doctors say, and words of other languages. */
const expectedMisses = 'abo anus arabush boonga cock cum dick negro scat semen sex tit'.split(' ')

describe('the text scanner', () => {
  it.each(clean)('leaves clean what is: %s', (text) => {
    expect(labelsOf(text)).toEqual({})
  })

  it.each<[string, TextLevels]>([
    ['f.u.c.k this', { profanity: 'medium' }],
    ['f u c k this', { profanity: 'medium' }],
    ['fu ck this', { profanity: 'medium' }],
    ['fuuuuuck this', { profanity: 'medium' }],
    ['FUCK this', { profanity: 'medium' }],
    ['ｆｕｃｋ this', { profanity: 'medium' }],
    ['🅵🆄🅲🅺 this', { profanity: 'medium' }],
    ['f\u00fcck this', { profanity: 'medium' }],
    ['$h1t happens', { profanity: 'medium' }],
    ['5h17 happens', { profanity: 'medium' }],
    ['ѕһіt happens', { profanity: 'medium' }],
    ['sh\u200bi\u00adt happens', { profanity: 'medium' }],
    ['f**k this', { profanity: 'low' }],
    ['\u202ekcuf\u202c this', { profanity: 'medium' }],
    ['f\u202eu\u202cck this', { profanity: 'medium' }],
    ['k1ll y0urse1f', { harassment: 'high' }],
    ['klll your self', { harassment: 'high' }],
    ['I want to die', { self_harm: 'high' }],
    ["I don't want to live anymore", { self_harm: 'high' }],
    ["I'm going to kill you", { violence: 'high' }],
    ['buy me two steam gift cards', { scam: 'high' }],
    ['Double your Bitcoin today', { scam: 'high' }],
    ['add me on telegram', { scam: 'medium' }],
    ['你这个黑鬼', { slur: 'high' }],
    ['ты жид', { slur: 'high' }],
    ['אתה כושי', { slur: 'high' }],
    ['जा मादरचोद', { profanity: 'medium' }],
    ['يا شرموطة', { profanity: 'medium' }],
    ['야 개새끼', { profanity: 'medium' }],
    ['de coño', { profanity: 'medium' }],
  ])('finds what is said in %s', (text, labels) => {
    expect(labelsOf(text)).toEqual(labels)
  })

  it('knows every word of a list that others keep, but for those that are also said otherwise', () => {
    const { blacklistedTerms } = englishDataset.build()
    const words = blacklistedTerms.map(({ id }) => {
      const match = { termId: id, startIndex: 0, endIndex: 0, matchLength: 0 }
      return englishDataset.getPayloadWithPhraseMetadata(match).phraseMetadata?.originalWord ?? ''
    })
    const missed = [...new Set(words)].filter((word) => Object.keys(labelsOf(word)).length === 0)
    expect(missed).toEqual(expectedMisses)
  })

  it('reads texts one after the other: what is split over them is whole', () => {
    expect(finds('profanity', 'fu', 'ck')).toBe('medium')
    expect(finds('harassment', 'just kill', 'yourself')).toBe('high')
  })

  it('says where in which text it was, and changes none', () => {
    const texts = ['all is well', 'oh \u200bf.u.c.k off']
    const { reasons } = scanner.scan(texts)
    const [first] = reasons.filter(({ label }) => label === 'profanity')
    expect(first).toMatchObject({ text: 1, level: 'medium' })
    expect(texts[1]?.slice(first?.start, first?.end)).toBe('f.u.c.k')
  })

  it('takes several mild words for one that is not', () => {
    expect(finds('profanity', 'damn')).toBe('low')
    expect(finds('profanity', 'damn this crap, it pisses me, you arse')).toBe('medium')
  })

  const ignorables = fc.constantFrom(
    '\u200b',
    '\u00ad',
    '\u2060',
    '\ufe0f',
    '\u0301',
    '\u0336',
    '\u202e\u202c',
    '\u{e0061}',
    '\u180e',
  )
  const between = (term: string, fillers: readonly string[]) =>
    [...term].map((letter, i) => letter + (fillers[i % fillers.length] ?? '')).join('')

  it('sees through characters that are not seen, wherever they are', () => {
    const property = fc.property(
      fc.constantFrom(...banned),
      fc.array(ignorables, { minLength: 1, maxLength: 8 }),
      ([term, label], fillers) => {
        expect(finds(label, between(term, fillers))).toBe(finds(label, term))
      },
    )
    fc.assert(property, runs(300))
  })

  it('sees through separators between letters', () => {
    const separators = fc.constantFrom('.', '-', '_', ' ', '/', ', ', '~', '·', '…', '\n', '👏', ' . ')
    const property = fc.property(
      fc.constantFrom(...banned),
      fc.array(separators, { minLength: 1, maxLength: 4 }),
      ([term, label], fillers) => {
        expect(finds(label, `so ${between(term, fillers)} there`)).toBe(finds(label, term))
      },
    )
    fc.assert(property, runs(300))
  })

  it('sees through letters that look alike', () => {
    const alike: Record<string, string[]> = {
      a: ['а', 'α', 'ɑ', '@', '4', 'á', '𝐚', 'Ａ'],
      b: ['Ь', 'ᖯ', '8', '𝕓'],
      c: ['с', 'ϲ', 'ⅽ', '𝗰'],
      e: ['е', '3', 'é', '℮', '𝓮'],
      f: ['ƒ', 'ꬵ', '𝒇'],
      i: ['і', '1', '!', 'ı', 'l', '𝖎'],
      k: ['к', 'κ', '𝕜', 'Ｋ'],
      l: ['I', '1', 'ӏ', '|', 'ℓ'],
      o: ['о', 'ο', '0', 'օ', '𝐨'],
      s: ['ѕ', '$', '5', 'ꜱ'],
      t: ['т', 'τ', '7', '𝘵'],
      u: ['υ', 'ս', 'ü', 'v'],
      w: ['ԝ', 'ѡ', '𝚠'],
    }
    const latin = banned.filter(([term]) => /^[a-z ]+$/.test(term))
    const property = fc.property(
      fc.constantFrom(...latin),
      fc.array(fc.nat(), { minLength: 5, maxLength: 12 }),
      ([term, label], picks) => {
        const disguised = [...term].map((letter, i) => {
          const pick = picks[i % picks.length] as number
          const others = alike[letter] ?? []
          // A word in figures and signs alone is none.
          return pick % 2 === 0 && i > 0 ? (others[pick % (others.length || 1)] ?? letter) : letter
        })
        expect(finds(label, disguised.join(''))).toBe(finds(label, term))
      },
    )
    fc.assert(property, runs(300))
  })

  it('keeps clean what is clean, whatever is not seen in it', () => {
    const property = fc.property(
      fc.constantFrom(...clean.slice(0, 9)),
      fc.array(ignorables, { minLength: 1, maxLength: 5 }),
      (text, fillers) => {
        expect(labelsOf(between(text, fillers))).toEqual({})
      },
    )
    fc.assert(property, runs(100))
  })

  it('folds a text that is folded to itself', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const { folded } = scanner.scan([text])
      expect(scanner.scan([folded]).folded).toBe(folded)
    })
    fc.assert(property, runs(300))
  })

  it('folds what looks the same to the same, and different texts to different ones', () => {
    const folded = (text: string) => scanner.scan([text]).folded
    expect(folded('Hеllo,  wоrld!!')).toBe(folded('hello world'))
    expect(folded('sooooo good')).toBe(folded('soooooooo good'))
    expect(folded('meet at 5')).not.toBe(folded('meet at 6'))
    expect(folded('😀')).not.toBe(folded('😡'))
  })

  it('takes a time that grows with the length of a text only, whatever is in it', () => {
    const hard = [
      'a',
      'f',
      'a ',
      'fu',
      'f.',
      'kill your',
      'send me ',
      'send me gift',
      '\u0301',
      '\u200b',
      '\u202e',
      'u a',
      '((',
      '$',
      '@',
      '*',
      'f*',
      'ﷺ',
      '가',
      '1l',
      'x.y',
      'http://',
      '[.',
      'you are a ',
      'i will kill ',
    ]
    const spent = (text: string) => {
      const before = process.cpuUsage()
      scanner.scan([text])
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    }
    for (const each of hard) {
      const text = each.repeat(Math.ceil(10_000 / each.length)).slice(0, 10_000)
      expect(Math.min(spent(text), spent(text))).toBeLessThan(400)
    }
    const property = fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), (each) => {
      const text = each.repeat(Math.ceil(10_000 / each.length)).slice(0, 10_000)
      expect(Math.min(spent(text), spent(text))).toBeLessThan(400)
    })
    fc.assert(property, runs(10))
  })
})
