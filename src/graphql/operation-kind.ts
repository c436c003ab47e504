import { type DocumentNode, getOperationAST, Kind, type OperationTypeNode } from 'graphql'

const only = new WeakMap<DocumentNode, OperationTypeNode | null>()

/** Which kind of operation a document runs under a name; remembered for the documents, nearly all, that hold just one. */
export function operationKind(document: DocumentNode, name?: string | null): OperationTypeNode | undefined {
  let kind = only.get(document)
  if (kind === undefined) {
    const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
    kind = operations.length === 1 && operations[0] ? operations[0].operation : null
    only.set(document, kind)
  }
  return kind && !name ? kind : getOperationAST(document, name)?.operation
}
