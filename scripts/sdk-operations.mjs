// A plugin of the code generator: for every document its text, and a function, or with `hooks: true` a hook, that bears its
// name. Each stands by itself, so that an app carries only what it uses.
import { print, visit } from 'graphql'

const kinds = {
  query: {
    call: 'query',
    parameters: (types) => `...[variables, options]: CallArguments<${types}Variables>`,
    passed: 'variables ?? ({} as never), options',
    answers: (types) => `Promise<${types}>`,
  },
  mutation: {
    call: 'mutate',
    parameters: (types) => `...[variables, options]: CallArguments<${types}Variables>`,
    passed: 'variables ?? ({} as never), options',
    answers: (types) => `Promise<${types}>`,
  },
  subscription: {
    call: 'subscribe',
    parameters: (types) => `variables: ${types}Variables, sink: Sink<${types}>`,
    passed: 'variables, sink',
    answers: () => '() => void',
  },
}

export function plugin(_schema, files, { hooks = false }) {
  const definitions = files.flatMap(({ document }) => document.definitions)
  const fragments = new Map(
    definitions.filter(({ kind }) => kind === 'FragmentDefinition').map((one) => [one.name.value, one]),
  )
  const operations = definitions
    .filter(({ kind }) => kind === 'OperationDefinition')
    .map((definition) => ({
      name: definition.name.value,
      kind: definition.operation,
      types: `${definition.name.value}${capital(definition.operation)}`,
      text: textOf(definition, fragments),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return hooks ? hooksOf(operations) : functionsOf(operations)
}

const header = '// Written by `npm run codegen` out of sdk/documents.\n'

function functionsOf(operations) {
  const types = operations.flatMap((one) => [one.types, `${one.types}Variables`])
  const body = operations.map(({ name, kind, types: type, text }) => {
    const { call, parameters, passed, answers } = kinds[kind]
    return `export const ${name}Text: TypedText<${type}, ${type}Variables> =
  ${JSON.stringify(text)}
export const ${small(name)} = (client: Pick<VicinityClient, '${call}'>, ${parameters(type)}): ${answers(type)} =>
  client.${call}(${name}Text, ${passed})
`
  })
  return [
    header,
    `import type { Sink, VicinityClient } from '../src/client-types.ts'`,
    `import type { CallArguments, TypedText } from '../src/documents.ts'`,
    `import type { ${types.join(', ')} } from './graphql.ts'\n`,
    ...body,
  ].join('\n')
}

function hooksOf(operations) {
  const used = [...new Set(operations.map(({ kind }) => `${kind}Hook`))].sort()
  const body = operations.map(
    ({ name, kind, types }) => `export const use${types} = /* @__PURE__ */ ${kind}Hook(${name}Text)`,
  )
  return [
    header,
    `import { ${used.join(', ')} } from '../src/react-hooks.ts'`,
    `import { ${operations.map(({ name }) => `${name}Text`).join(', ')} } from './operations.ts'\n`,
    ...body,
    '',
  ].join('\n')
}

/** The operation and the fragments that it uses, without a space too many. */
function textOf(operation, fragments) {
  const used = new Set()
  const look = (node) =>
    visit(node, {
      FragmentSpread({ name: { value } }) {
        if (used.has(value)) return
        used.add(value)
        look(fragments.get(value))
      },
    })
  look(operation)
  return [operation, ...[...used].map((name) => fragments.get(name))].map((one) => compact(print(one))).join('')
}

// No document has a text in quotes, whose spaces would matter.
const compact = (text) =>
  text
    .replace(/\s+/g, ' ')
    .replace(/ ?([{}()[\]:!,=@]|\.\.\.) ?/g, '$1')
    .replaceAll('...on', '...on ')
    .replace(/\.\.\.on {2}/g, '...on ')
    .trim()

const capital = (word) => word[0].toUpperCase() + word.slice(1)
const small = (word) => word[0].toLowerCase() + word.slice(1)
