import type { DocumentNode } from 'graphql'

/** What an app with a few hundred operations in a few versions needs. A parsed document takes some hundred times its text at worst. */
const charactersKept = 512 * 1024

/** Documents by their text, bounded by how much text that is, so that nobody fills the memory with long ones. First in, first out. */
export function createDocumentMemory(most = charactersKept) {
  const documents = new Map<string, DocumentNode>()
  let characters = 0
  return {
    get: (query: string): DocumentNode | undefined => documents.get(query),
    set(query: string, document: DocumentNode): void {
      if (documents.has(query) || query.length > most) return
      documents.set(query, document)
      characters += query.length
      for (const oldest of documents.keys()) {
        if (characters <= most) return
        documents.delete(oldest)
        characters -= oldest.length
      }
    },
  }
}
