import { type GraphQLInputType, type GraphQLSchema, getNamedType, isInputObjectType, isObjectType } from 'graphql'

/** What names something of somebody: ids, and positions in streams. */
const naming = new Set(['ID', 'Cursor'])

/** What names somebody by another word, and the inputs in which it is oneself. */
const words = new Set(['username', 'usernames'])
const ownWords = new Set(['RegisterInput', 'LoginInput'])

/**
 * Every place of a schema where a client names something: `Query.activity(id)`, `Mutation.block(input.attendee.activityId)`,
 * and every stream, also one that takes nothing.
 */
export function namingPlaces(schema: GraphQLSchema): string[] {
  const places: string[] = []
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      const paths = field.args.flatMap((argument) => pathsOf(argument.name, argument.type, []))
      places.push(...paths.map((path) => `${type.name}.${field.name}(${path})`))
      if (paths.length === 0 && type === schema.getSubscriptionType()) places.push(`${type.name}.${field.name}()`)
    }
  }
  return places.sort()
}

function pathsOf(path: string, type: GraphQLInputType, inside: string[]): string[] {
  const named = getNamedType(type)
  if (naming.has(named.name)) return [path]
  if (!isInputObjectType(named) || inside.includes(named.name)) return []
  return Object.values(named.getFields()).flatMap(({ name, type: inner }) => {
    if (words.has(name) && !ownWords.has(named.name)) return [`${path}.${name}`]
    return pathsOf(`${path}.${name}`, inner, [...inside, named.name])
  })
}
