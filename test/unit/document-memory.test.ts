import { parse } from 'graphql'
import { createDocumentMemory } from '../../src/graphql/document-memory.ts'

const document = parse('{ __typename }')

test('the oldest documents go when the texts become more than is kept, however few they are', () => {
  const memory = createDocumentMemory(10)
  for (const text of ['aaaa', 'bbbb', 'cccc']) memory.set(text, document)
  expect(['aaaa', 'bbbb', 'cccc'].map((text) => memory.get(text) !== undefined)).toEqual([false, true, true])
})

test('one that is longer than all that is kept is not kept, and drives nothing out', () => {
  const memory = createDocumentMemory(10)
  memory.set('aaaa', document)
  memory.set('x'.repeat(11), document)
  expect([memory.get('aaaa'), memory.get('x'.repeat(11))]).toEqual([document, undefined])
})

test('one that is set twice counts once', () => {
  const memory = createDocumentMemory(10)
  for (let times = 0; times < 5; times += 1) memory.set('aaaa', document)
  memory.set('bbbb', document)
  expect([memory.get('aaaa'), memory.get('bbbb')]).toEqual([document, document])
})
