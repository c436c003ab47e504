import {
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'

/**
 * Declares a field whose value depends on who asks: `t.field({ …, extensions: perViewer })`. Events are shared: whoever
 * selects the same of a stream gets the same bytes, executed once with no viewer in the context. A selection with such a
 * field in it is executed for each viewer by itself.
 */
export const perViewer = { perViewer: true } as const

export interface Sharing {
  /** Tells the documents of this process apart. */
  id: number
  /** Whether what it selects depends on who asks. */
  perViewer: boolean
  /** The variable that only says where a stream starts, if there is one. */
  start: string | undefined
}

/** What the subscribers of a stream who sent this document can share. Remembered for as long as the document is. */
export function createSharing(schema: GraphQLSchema): (document: DocumentNode) => Sharing {
  const known = new WeakMap<DocumentNode, Sharing>()
  let documents = 0
  return (document) => {
    let sharing = known.get(document)
    if (!sharing) {
      documents += 1
      sharing = { id: documents, perViewer: dependsOnViewer(schema, document), start: startOf(schema, document) }
      known.set(document, sharing)
    }
    return sharing
  }
}

/** Fields that declare it, and fields and types with scopes of their own, anywhere in the document. */
function dependsOnViewer(schema: GraphQLSchema, document: DocumentNode): boolean {
  const info = new TypeInfo(schema)
  const root = schema.getSubscriptionType()
  let depends = false
  const enterField = {
    Field() {
      const parent = info.getParentType()
      const name = info.getFieldDef()?.name
      if (!parent || name === undefined) return
      const result = getNamedType(info.getType())
      const returned = result ? possibleTypes(schema, result) : []
      depends ||= returned.some(hasScopes)
      for (const type of possibleTypes(schema, parent)) {
        const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined
        depends ||= field?.extensions['perViewer'] === true
        // Those of a subscription itself are looked at when it begins, with its viewer.
        depends ||= type !== root && (hasScopes(type) || hasScopes(field))
      }
    },
  }
  visit(document, visitWithTypeInfo(info, enterField))
  return depends
}

function possibleTypes(schema: GraphQLSchema, type: GraphQLNamedType): GraphQLNamedType[] {
  const types = isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type]
  return types.flatMap((one): GraphQLNamedType[] => (isObjectType(one) ? [one, ...one.getInterfaces()] : [one]))
}

function hasScopes(declared: { extensions: object } | undefined): boolean {
  const { pothosOptions } = (declared?.extensions ?? {}) as { pothosOptions?: { authScopes?: unknown } }
  return pothosOptions?.authScopes !== undefined
}

/** The variable given as `after` to a subscription, if it is used for nothing else. */
function startOf(schema: GraphQLSchema, document: DocumentNode): string | undefined {
  const info = new TypeInfo(schema)
  const uses: { name: string; starts: boolean }[] = []
  const enter = {
    VariableDefinition: () => false as const,
    Argument(node: { name: { value: string }; value: { kind: Kind; name?: { value: string } } }) {
      if (node.value.kind !== Kind.VARIABLE || !node.value.name) return undefined
      const starts = node.name.value === 'after' && info.getParentType() === schema.getSubscriptionType()
      uses.push({ name: node.value.name.value, starts: starts && info.getDirective() == null })
      return false as const
    },
    Variable: (node: { name: { value: string } }) => void uses.push({ name: node.name.value, starts: false }),
  }
  visit(document, visitWithTypeInfo(info, enter as Parameters<typeof visitWithTypeInfo>[1]))
  const found = uses.find(({ starts }) => starts)?.name
  return uses.every(({ name, starts }) => starts || name !== found) ? found : undefined
}
