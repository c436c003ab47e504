import { readFileSync } from 'node:fs'
import { falsePositives, quantile, scoresOf } from '../../scripts/bench-text/scores.ts'
import { decoded, FileError, formatOf, readTable } from '../../scripts/bench-text/table.ts'
import { createTextScanner, textLabels } from '../../src/modules/scanning/index.ts'

const columns = { text: 'text', label: 'label' }
const bytes = (text: string) => new TextEncoder().encode(text)

describe('the bench of the text scanner', () => {
  it('reads quoted cells, several labels and clean rows', () => {
    const rows = readTable(decoded(readFileSync('test/kit/labelled-texts.csv')), 'csv', columns)
    expect(rows).toHaveLength(9)
    expect(rows[0]).toEqual({ line: 2, text: 'See you at the library, bring the "blue" book', labels: [] })
    expect(rows[2]).toEqual({ line: 4, text: 'You are\nworthless, kill yourself', labels: ['harassment'] })
    expect(rows[4]?.labels).toEqual(['scam', 'unsafe_links'])
  })

  it('reads TSV and JSON lines alike', () => {
    const tsv = readTable('\ufefflabel\tid\ttext\r\nSelf Harm\t1\tone, two\r\n'.slice(1), formatOf('x.TSV'), columns)
    const jsonl = readTable('{"text":"one, two","label":["Self-Harm"]}\n\n', formatOf('x.jsonl'), columns)
    expect(tsv[0]).toEqual({ line: 2, text: 'one, two', labels: ['self_harm'] })
    expect(jsonl[0]).toMatchObject({ text: 'one, two', labels: ['self_harm'] })
  })

  it.each([
    ['a,b\n1,2\n', 'csv', /no column `text` and `label`; it has: a, b/],
    ['text,label\n', 'csv', /no row/],
    ['', 'csv', /empty/],
    ['text,label\n"one,two\n', 'csv', /quote that begins in line 2/],
    ['text,label\nalone\n', 'csv', /Line 2 has 1 of 2 columns/],
    ['{"text":"a"}\n', 'jsonl', /Line 1 has no `text` and `label`/],
    ['nonsense\n', 'jsonl', /Line 1 is not JSON/],
  ] as const)('says what is wrong with %j', (content, format, message) => {
    expect(() => readTable(content, format, columns)).toThrow(message)
  })

  it('refuses other encodings', () => {
    expect(() => decoded(Uint8Array.of(0xff, 0xfe, 0x61, 0x00))).toThrow(FileError)
    expect(() => decoded(Uint8Array.of(0x63, 0xe9, 0x61))).toThrow(/not in UTF-8/)
    expect(decoded(bytes('\ufeffgrün'))).toBe('grün')
  })

  it('counts what is right, wrong and missed, label by label', () => {
    const scanner = createTextScanner()
    const judged = readTable(decoded(readFileSync('test/kit/labelled-texts.csv')), 'csv', columns).map(
      ({ line, text, labels }) => ({
        ...{ line, text, labelled: labels },
        found: Object.keys(scanner.scan([text]).labels),
      }),
    )
    const scores = new Map(scoresOf(judged, textLabels).map((score) => [score.label, score]))
    // Found in `bullshit` and in `Damn it`, labelled on the former and on a text without any.
    expect(scores.get('profanity')).toEqual({
      ...{ label: 'profanity', labelled: 2, found: 2, right: 1 },
      ...{ precision: 0.5, recall: 0.5, f1: 0.5 },
    })
    expect(scores.get('unsafe_links')).toMatchObject({ labelled: 1, found: 0, precision: null, recall: 0, f1: 0 })
    expect(scores.get('slur')).toMatchObject({ precision: null, recall: null, f1: null })
    expect(scores.get('any')).toMatchObject({ labelled: 6, found: 6, right: 5 })
    expect(falsePositives(judged, 'profanity', 20).map(({ text }) => text)).toEqual(['Damn it'])
  })

  it('finds quantiles', () => {
    expect([0.5, 0.95, 1].map((share) => quantile([1, 2, 3, 4], share))).toEqual([2, 4, 4])
    expect(quantile([], 0.5)).toBe(0)
  })
})
