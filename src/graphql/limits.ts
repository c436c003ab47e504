import {
  type ASTVisitor,
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type SelectionNode,
  type SelectionSetNode,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  validate,
} from 'graphql'
import type { ErrorCode } from '../platform/errors.ts'

/** What one document may ask for: twice what our own operations and GraphiQL's introspection query need. */
export const limits = {
  /** Characters of the document. */
  characters: 16_384,
  tokens: 1000,
  /** Levels of fields, fragments followed. */
  depth: 10,
  /** Levels below an introspection field: GraphiQL asks for 14. */
  introspectionDepth: 14,
  /** Aliases, `__typename` included. */
  aliases: 10,
  /** Fields after all fragments are spread. */
  fields: 500,
  /** How often one field may be asked for in one selection set. */
  repeats: 15,
  directives: 20,
  /** Root fields that each may appear once in a document: those whose repetition would multiply attempts. */
  onceOnly: new Set([
    'registerDevice',
    'renewDevice',
    'revokeDevice',
    'openSession',
    'reportSightings',
    'block',
    'rotateSigningKeys',
    'register',
    'login',
    'refresh',
    'logout',
    'changePassword',
    'endSignIn',
    'grantRole',
    'withdrawRole',
    'holdAccount',
    'updateProfile',
    'requestEmailVerification',
    'verifyEmail',
    'requestAccountDeletion',
    'confirmAccountDeletion',
    '__schema',
  ]),
}

/** Points of an operation by Pothos' complexity plugin, which knows the page sizes that variables ask for. */
export const costLimit = 2000

interface Cost {
  depth: number
  aliases: number
  fields: number
  directives: number
}

const heavier = (what: string) =>
  new GraphQLError(`The operation has too many ${what}.`, {
    extensions: { code: 'QUERY_TOO_COMPLEX' satisfies ErrorCode },
  })

/**
 * Measures a document in time linear in its text: each fragment is measured once, however often it is spread. Cycles are left
 * to the rule that names them. Returns the first limit that is exceeded.
 */
export function measure(document: DocumentNode): GraphQLError | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  const measured = new Map<string, Cost>()
  const underway = new Set<string>()
  let refused: GraphQLError | undefined

  const ofFragment = (name: string): Cost => {
    const known = measured.get(name)
    if (known) return known
    const fragment = fragments.get(name)
    if (!fragment || underway.has(name)) return { depth: 0, aliases: 0, fields: 0, directives: 0 }
    underway.add(name)
    const cost = ofSelections(fragment.selectionSet)
    underway.delete(name)
    measured.set(name, cost)
    return cost
  }

  // An inline fragment is part of the selection set around it.
  function ofSelections(set: SelectionSetNode, seen = new Map<string, number>()): Cost {
    const total: Cost = { depth: 0, aliases: 0, fields: 0, directives: 0 }
    for (const selection of set.selections) {
      total.directives += selection.directives?.length ?? 0
      let inner: Cost | undefined
      if (selection.kind === Kind.FRAGMENT_SPREAD) inner = ofFragment(selection.name.value)
      else if (selection.kind === Kind.INLINE_FRAGMENT) inner = ofSelections(selection.selectionSet, seen)
      else if (selection.selectionSet) inner = ofSelections(selection.selectionSet)
      if (selection.kind === Kind.FIELD) {
        total.fields += 1
        if (selection.alias) total.aliases += 1
        const repeats = (seen.get(selection.name.value) ?? 0) + 1
        seen.set(selection.name.value, repeats)
        if (repeats > limits.repeats) refused ??= heavier('repetitions of a field')
      }
      if (!inner) {
        if (selection.kind === Kind.FIELD) total.depth = Math.max(total.depth, 1)
        continue
      }
      total.depth = Math.max(total.depth, levels(selection, inner.depth))
      total.aliases += inner.aliases
      total.fields += inner.fields
      total.directives += inner.directives
    }
    return total
  }

  const ofDefinitions = count(document.definitions, directivesOf)
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION) continue
    const cost = ofSelections(node.selectionSet)
    cost.directives += ofDefinitions
    for (const what of ['depth', 'aliases', 'fields', 'directives'] as const) {
      if (cost[what] > limits[what]) refused ??= heavier(what === 'depth' ? 'levels' : what)
    }
    refused ??= repeatedOnceOnly(node.selectionSet, fragments)
  }
  return refused
}

const count = <Item>(items: readonly Item[] | undefined, of: (item: Item) => number) =>
  (items ?? []).reduce((sum, item) => sum + of(item), 0)

/** Those of the definition itself and of its variables. */
function directivesOf(node: DefinitionNode): number {
  if (node.kind !== Kind.OPERATION_DEFINITION && node.kind !== Kind.FRAGMENT_DEFINITION) return 0
  return (node.directives?.length ?? 0) + count(node.variableDefinitions, ({ directives }) => directives?.length ?? 0)
}

function levels(selection: SelectionNode, below: number): number {
  if (selection.kind !== Kind.FIELD) return below
  const introspects = selection.name.value.startsWith('__') && below <= limits.introspectionDepth
  return introspects ? 1 : below + 1
}

/** Counts the sensitive root fields wherever a fragment may hide them. */
function repeatedOnceOnly(
  set: SelectionSetNode,
  fragments: Map<string, FragmentDefinitionNode>,
): GraphQLError | undefined {
  const counted = new Map<string, number>()
  let steps = 0
  const walk = (selections: SelectionSetNode, above: string[]): boolean => {
    for (const selection of selections.selections) {
      if (++steps > limits.fields) return false
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value
        if (limits.onceOnly.has(name)) counted.set(name, (counted.get(name) ?? 0) + 1)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (!walk(selection.selectionSet, above)) return false
      } else {
        const name = selection.name.value
        const fragment = fragments.get(name)
        if (fragment && !above.includes(name) && !walk(fragment.selectionSet, [...above, name])) return false
      }
    }
    return true
  }
  const walked = walk(set, [])
  return !walked || [...counted.values()].some((times) => times > 1)
    ? heavier('operations of a kind that is allowed once')
    : undefined
}

function coded(rule: ValidationRule, code: ErrorCode): ValidationRule {
  return (context: ValidationContext): ASTVisitor =>
    rule(
      Object.create(context, {
        reportError: {
          value: (error: GraphQLError) => {
            error.extensions['code'] ??= code
            context.reportError(error)
          },
        },
      }),
    )
}

const rules = specifiedRules.map((rule) =>
  rule === ValuesOfCorrectTypeRule ? coded(rule, 'BAD_USER_INPUT') : coded(rule, 'BAD_REQUEST'),
)

/** graphql-js' validation behind our limits: what is too complex is not looked at any further. */
export function createValidate(options: { introspection: boolean }) {
  const all = options.introspection ? rules : [...rules, coded(NoSchemaIntrospectionCustomRule, 'FORBIDDEN')]
  return (schema: GraphQLSchema, document: DocumentNode): readonly GraphQLError[] => {
    const refused = measure(document)
    return refused ? [refused] : validate(schema, document, all, { maxErrors: 5, hideSuggestions: true })
  }
}
