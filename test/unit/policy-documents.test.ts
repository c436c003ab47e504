// biome-ignore-all lint/suspicious/noThenProperty: the word of the documents, which nobody awaits
import { jest } from '@jest/globals'
import fc from 'fast-check'
import { defaultDocument } from '../../src/modules/policies/defaults.ts'
import { validatePolicy } from '../../src/modules/policies/validation.ts'
import { runs } from '../kit/fuzz.ts'

const outcome = { action: 'HIDE', severity: 2, reason: 'Because.' }
const ruleWhen = (when: unknown, more: object = {}) => ({ id: 'rule', when, then: { ...outcome }, ...more })
const written = (...rules: unknown[]) => JSON.stringify({ rules })
const problemsOf = (text: string) => {
  const validated = validatePolicy(text)
  return 'problems' in validated ? validated.problems : []
}
const pathsOf = (text: string) => problemsOf(text).map(({ path }) => path)

test('the version that is built in is valid, and so is one with every word in it', () => {
  expect(problemsOf(JSON.stringify(defaultDocument))).toEqual([])
  const when = {
    text: { anyOf: ['profanity>=medium', 'scam>=unknown'] },
    image: { anyOf: ['nsfw>=high'] },
    signals: { allOf: ['duplicate_text'], anyOf: ['high_velocity', 'new_person'] },
    trustBelow: 20,
    surfaces: ['MESSAGE', 'EVENT'],
    matches: '\\bfree\\s+money\\b',
  }
  const restrict = { kind: 'MUTE', surface: 'MESSAGE', minutes: 60 }
  const rule = { id: 'all', when, then: { ...outcome, restrict, openCase: true } }
  const validated = validatePolicy(JSON.stringify({ defaultAction: 'CHALLENGE', rules: [rule] }))
  expect(validated).toEqual({ document: { defaultAction: 'CHALLENGE', rules: [rule] } })
})

test.each<[string, string, string]>([
  ['an unknown predicate', written(ruleWhen({ textt: { anyOf: ['slur>=low'] } })), 'rules.0.when.textt'],
  ['an unknown label', written(ruleWhen({ text: { anyOf: ['slur>=low', 'cute>=low'] } })), 'rules.0.when.text.anyOf.1'],
  ['an unknown level', written(ruleWhen({ text: { anyOf: ['slur>=extreme'] } })), 'rules.0.when.text.anyOf.0'],
  ['another comparison', written(ruleWhen({ text: { anyOf: ['slur>low'] } })), 'rules.0.when.text.anyOf.0'],
  ['a text label of an image', written(ruleWhen({ image: { anyOf: ['slur>=low'] } })), 'rules.0.when.image.anyOf.0'],
  ['an unknown signal', written(ruleWhen({ signals: { allOf: ['bored'] } })), 'rules.0.when.signals.allOf.0'],
  ['no list of signals', written(ruleWhen({ signals: {} })), 'rules.0.when.signals'],
  ['an unknown surface', written(ruleWhen({ surfaces: ['DIARY'] })), 'rules.0.when.surfaces.0'],
  ['an empty list', written(ruleWhen({ surfaces: [] })), 'rules.0.when.surfaces'],
  ['nothing that has to hold', written(ruleWhen({})), 'rules.0.when'],
  ['trust as a text', written(ruleWhen({ trustBelow: '20' })), 'rules.0.when.trustBelow'],
  ['trust of NaN, which is null in JSON', written(ruleWhen({ trustBelow: Number.NaN })), 'rules.0.when.trustBelow'],
  [
    'trust without end',
    '{"rules":[{"id":"rule","when":{"trustBelow":1e400},"then":{"action":"HIDE","severity":1,"reason":"x"}}]}',
    'rules.0.when.trustBelow',
  ],
  [
    'an unknown action',
    written(ruleWhen({ trustBelow: 1 }, { then: { ...outcome, action: 'EXPLODE' } })),
    'rules.0.then.action',
  ],
  [
    'a severity of 6',
    written(ruleWhen({ trustBelow: 1 }, { then: { ...outcome, severity: 6 } })),
    'rules.0.then.severity',
  ],
  ['no reason', written(ruleWhen({ trustBelow: 1 }, { then: { ...outcome, reason: '' } })), 'rules.0.then.reason'],
  [
    'NUL in a reason',
    written(ruleWhen({ trustBelow: 1 }, { then: { ...outcome, reason: 'a\0' } })),
    'rules.0.then.reason',
  ],
  [
    'half a surrogate pair in a reason',
    written(ruleWhen({ trustBelow: 1 }, { then: { ...outcome, reason: '\ud800' } })),
    'rules.0.then.reason',
  ],
  [
    'a ban by a policy',
    written(ruleWhen({ trustBelow: 1 }, { then: { ...outcome, restrict: { kind: 'BAN', minutes: 1 } } })),
    'rules.0.then.restrict.kind',
  ],
  ['an id twice', written(ruleWhen({ trustBelow: 1 }), ruleWhen({ trustBelow: 2 })), 'rules.1.id'],
  ['an id that is no name', written(ruleWhen({ trustBelow: 1 }, { id: 'a b' })), 'rules.0.id'],
  ['a broken expression', written(ruleWhen({ matches: '(a' })), 'rules.0.when.matches'],
  ['a look behind, which is not linear everywhere', written(ruleWhen({ matches: '(?<=a)b' })), 'rules.0.when.matches'],
  ['a reference back', written(ruleWhen({ matches: '(a)\\1' })), 'rules.0.when.matches'],
  ['an expression that repeats too much', written(ruleWhen({ matches: '.{900}.{900}' })), 'rules.0.when.matches'],
  ['an expression of 501 characters', written(ruleWhen({ matches: 'a'.repeat(501) })), 'rules.0.when.matches'],
  ['a prototype', '{"rules":[],"__proto__":{"defaultAction":"REJECT"}}', '__proto__'],
  ['a constructor', '{"rules":[],"constructor":{"prototype":{}}}', 'constructor'],
  ['an unknown member', '{"rules":[],"version":1}', 'version'],
  ['no rules', '{}', 'rules'],
  ['a list', '[]', ''],
  ['null', 'null', ''],
  ['nothing', '', ''],
  ['no JSON', '{rules:[]}', ''],
  ['NaN', '{"rules":NaN}', ''],
  ['20,000 brackets', '['.repeat(20_000), ''],
  ['20,000 lists in each other', '['.repeat(20_000) + ']'.repeat(20_000), ''],
  ['rules 10,000 deep', `{"rules":${'{"rules":'.repeat(5000)}1${'}'.repeat(5000)}}`, 'rules'],
])('%s is refused at its place', (_name, text, path) => {
  expect(pathsOf(text)).toContain(path)
  expect(({} as { defaultAction?: unknown }).defaultAction).toBeUndefined()
})

test('everything that is wrong is told at once, up to a hundred things', () => {
  const text = written(
    ruleWhen({ trustBelow: 1000, surfaces: ['DIARY'] }),
    ruleWhen({ text: { anyOf: ['cute>=low'] } }, { extra: 1 }),
  )
  expect(pathsOf(text).sort()).toEqual([
    'rules.0.when.surfaces.0',
    'rules.0.when.trustBelow',
    'rules.1.extra',
    'rules.1.when.text.anyOf.0',
  ])
  const many = Array.from({ length: 150 }, (_, i) => ruleWhen({ trustBelow: 0 }, { id: `r${i}` }))
  expect(problemsOf(written(...many))).toHaveLength(100)
})

test('a document has 200 rules and 64 KiB; one of ten megabytes is not parsed', () => {
  const rules = (count: number) => Array.from({ length: count }, (_, i) => ruleWhen({ trustBelow: 1 }, { id: `r${i}` }))
  expect(problemsOf(written(...rules(200)))).toEqual([])
  expect(pathsOf(written(...rules(201)))).toEqual(['rules'])
  const padded = (length: number) => `{"rules":[]${' '.repeat(length - 12)}}`
  expect(problemsOf(padded(64 * 1024))).toEqual([])
  expect(problemsOf(padded(64 * 1024 + 1))).toHaveLength(1)
  const parse = jest.spyOn(JSON, 'parse')
  expect(pathsOf('['.repeat(10 * 1024 * 1024))).toEqual([''])
  expect(parse).not.toHaveBeenCalled()
  parse.mockRestore()
})

test('expressions that are dear together are refused, and no more of them are compiled', () => {
  const rules = Array.from({ length: 200 }, (_, i) => ruleWhen({ matches: '(x{1,10}){1,9}.{300}' }, { id: `r${i}` }))
  const begun = performance.now()
  const problems = problemsOf(written(...rules))
  expect(problems.length).toBeGreaterThan(0)
  expect(problems.length).toBeLessThan(10)
  expect(performance.now() - begun).toBeLessThan(1000)
})

test('whatever the document is, it is valid or has problems; what is valid stays so', () => {
  const word = fc.constantFrom(
    ...[
      'rules',
      'id',
      'when',
      'then',
      'text',
      'anyOf',
      'allOf',
      'image',
      'signals',
      'trustBelow',
      'surfaces',
      'matches',
    ],
    ...['action', 'severity', 'reason', 'restrict', 'kind', 'minutes', 'openCase', 'defaultAction', '__proto__', 'x'],
  )
  const leaf = fc.oneof(
    fc.constantFrom('slur>=low', 'nsfw>=high', 'HIDE', 'MESSAGE', 'duplicate_text', '(a+)+$', '((((', 'a\0', 1e308),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'binary' }),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 6 }, leaf, fc.array(tie('tree'), { maxLength: 4 }), fc.dictionary(word, tie('tree'))),
  }))
  const nearly = fc
    .record({ id: leaf, when: fc.dictionary(word, tree), then: fc.dictionary(word, leaf) }, { requiredKeys: [] })
    .map((rule) => ({ rules: [rule] }))
  fc.assert(
    fc.property(fc.oneof(tree, nearly, fc.string()), (value) => {
      const validated = validatePolicy(typeof value === 'string' ? value : JSON.stringify(value))
      if ('document' in validated) expect(validatePolicy(JSON.stringify(validated.document))).toEqual(validated)
      else expect(validated.problems.length).toBeGreaterThan(0)
    }),
    runs(200),
  )
})
