import fc from 'fast-check'
import {
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'

/** Where something can be put into the arguments of a field: `['input', 'conversationId']`; a number is a place in a list. */
export interface Place {
  path: string[]
  type: GraphQLInputType
}

/** Every place in the arguments of a field, from the arguments themselves to the innermost members. */
export function placesIn(field: GraphQLField<unknown, unknown>): Place[] {
  return field.args.flatMap(({ name, type }) => within({ path: [name], type }, []))
}

function within(place: Place, inside: string[]): Place[] {
  const named = getNamedType(place.type)
  if (!isInputObjectType(named) || inside.includes(named.name)) return [place]
  const members = Object.values(named.getFields())
  const inner = members.flatMap(({ name, type }) =>
    within({ path: [...place.path, name], type }, [...inside, named.name]),
  )
  return [place, ...inner]
}

/** What is well-formed by its name, such as an id that is there; undefined leaves it to the type. */
export type Known = (name: string) => unknown

/** A value that its type takes, with nothing that need not be there. */
export function wellFormed(type: GraphQLInputType, name: string, known: Known): unknown {
  if (isNonNullType(type)) return wellFormed(type.ofType, name, known)
  if (isListType(type)) return [wellFormed(type.ofType, name, known)]
  const found = known(name)
  if (found !== undefined) return found
  if (isEnumType(type)) return type.getValues()[0]?.name
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((member) => isNonNullType(member.type))
    return Object.fromEntries(required.map((member) => [member.name, wellFormed(member.type, member.name, known)]))
  }
  return { Boolean: true, Int: 1, Float: 1, Latitude: 47, Longitude: 8 }[type.name] ?? 'abcdefgh'
}

/** The arguments of a field with something at one place. */
export function argumentsWith(
  field: GraphQLField<unknown, unknown>,
  { path }: Place,
  junk: unknown,
  known: Known,
): Record<string, unknown> {
  const asked = field.args.filter(({ name, type }) => isNonNullType(type) || name === path[0])
  const given = Object.fromEntries(asked.map(({ name, type }) => [name, wellFormed(type, name, known)]))
  return put(given, path, junk, field.args)
}

function put(
  into: Record<string, unknown>,
  [first = '', ...rest]: string[],
  junk: unknown,
  members: readonly { name: string; type: GraphQLInputType }[],
): Record<string, unknown> {
  if (rest.length === 0) return { ...into, [first]: junk }
  const type = getNamedType(members.find(({ name }) => name === first)?.type)
  const inner = isInputObjectType(type) ? Object.values(type.getFields()) : []
  const held = into[first]
  const list = Array.isArray(held)
  const object = (list ? held[0] : held) as Record<string, unknown> | undefined
  const filled = put(object ?? {}, rest, junk, inner)
  return { ...into, [first]: list ? [filled] : filled }
}

const neverId = '01900000-0000-7000-8000-000000000000'
const ids = ['Device', 'Account', 'Profile', 'Conversation', 'Message', 'Session', 'Query', 'Nothing', '__proto__']
const raws = [
  ...['', '*', '\0', "' OR 1=1 --", neverId, `${neverId}\n`],
  ...['01900000-0000-7000-8000-00000000000A', '1'.repeat(5000), '{"contains":""}', '../../etc/passwd', '%00'],
]
const positions = ['0', '-1', '1000000000', '2147483648', '01', '1.5', '1e3', ' 1', '9'.repeat(40), '', 'NaN', '1\n']

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64')

const texts = [
  ...['', ' ', '\u200b\u200d', '\u202ezzaj', '\n', '\0', 'a\0b', '\ud800', 'a\udc00b', `a${'\u0301'.repeat(5000)}`],
  ...['a'.repeat(2001), 'a'.repeat(20_000), '\u{1f600}'.repeat(4096), "' OR 1=1 --", '*', '__proto__', 'constructor'],
  ...['a@b', 'a@b.example\r\nBcc: c@d.example', `${'a'.repeat(250)}@b.example`, '"a b"@c.example', 'ä@ö.example'],
  ...['=cmd()', '<script>', '{{7*7}}', '%s%n', 'null', 'true', '\ufeff', '\u2028', '👍🏽', '👍👍', 'ﷺ', 'I\u0307'],
]

const anyText = fc.constantFrom(...texts)
const anyRaw = fc.constantFrom(...raws)
const anyId = fc.constantFrom(...ids).chain((type) => anyRaw.map((raw) => globalId(type, raw)))
const anyMessageId = fc.constantFrom(...positions).map((at) => globalId('Message', `${neverId}:${at}`))
const anyNumber = fc.constantFrom(
  -1,
  0,
  2,
  1.5,
  90,
  101,
  181,
  257,
  1e9,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  1e300,
  -0,
  2 ** 53,
)
const anyShape = fc.constantFrom<unknown>([], {}, [[]], { contains: '' }, { __typename: 'x' }, true, false, [null], 7)

/**
 * Anything that somebody may put in this place: mostly what its type lets through, so that more than the type has to refuse it.
 * Of a list also too much of it, and the same again. `like` is a well-formed value.
 */
export function junk({ type, path }: Place, like: unknown): fc.Arbitrary<unknown> {
  const bare = isNonNullType(type) ? type.ofType : type
  const [one] = Array.isArray(like) ? like : [like]
  const flipped = fc
    .tuple(fc.nat(1000), fc.nat(7))
    .map(([at, bit]) => (typeof one === 'string' ? withFlippedBit(one, at, bit) : path.join('.')))
  const texted = fc.oneof(anyText, anyRaw, anyId, anyMessageId, flipped)
  const named = { ID: texted, Cursor: texted, String: fc.oneof(anyText, anyText, anyRaw) }[getNamedType(type).name]
  const single = named ?? (isInputObjectType(getNamedType(type)) ? anyShape : anyNumber)
  const many = fc.constantFrom(0, 2, 101, 257, 1001).map((length) => Array.from({ length }, () => one))
  const fitting = isListType(bare)
    ? fc.oneof(
        many,
        single.map((value) => [value]),
      )
    : single
  return fc.oneof({ weight: 5, arbitrary: fitting }, { weight: 1, arbitrary: fc.oneof(anyText, anyNumber, anyShape) })
}

function withFlippedBit(text: string, at: number, bit: number): string {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === 0) return text
  const index = at % bytes.length
  bytes[index] = (bytes[index] ?? 0) ^ (1 << bit)
  return bytes.toString('base64url')
}
