import { encodeGlobalID } from '@pothos/plugin-relay'
import { type GraphQLSchema, isObjectType } from 'graphql'

/**
 * Pothos resolves the id of a node in a promise, so that a page of fifty nodes waits fifty times. Every node of ours has its id
 * at hand.
 */
export function withPlainIds(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !type.getInterfaces().some(({ name }) => name === 'Node')) continue
    const { id } = type.getFields()
    if (id) id.resolve = (node: { id: string }) => encodeGlobalID(type.name, node.id)
  }
  return schema
}
