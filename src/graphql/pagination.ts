import { resolveCursorConnection } from '@pothos/plugin-relay'
import { BadUserInputError } from '../platform/errors.ts'
import type { Listed, PageRequest } from '../platform/keyset.ts'

interface PageArguments {
  first?: number | null | undefined
  last?: number | null | undefined
  before?: string | null | undefined
  after?: string | null | undefined
}

/** One rule for the pages of every connection, checked on the values themselves, wherever they came from. */
export const pageSize = {
  default: 20,
  max: 100,
  /** What a page weighs, for Pothos' complexity plugin. A size that will be refused must not refuse, or pay for, the rest. */
  cost: ({ first, last }: PageArguments) => ({
    field: 1,
    multiplier: Math.min(Math.max(first ?? last ?? pageSize.default, 1), pageSize.max),
  }),
  /** Refuses with BAD_USER_INPUT: sizes out of 1 to 100, and both directions at once. */
  checked<Args extends PageArguments>(args: Args): Args {
    for (const name of ['first', 'last'] as const) {
      const size = args[name]
      if (size != null && (size < 1 || size > pageSize.max))
        throw new BadUserInputError(`\`${name}\` is 1 to ${pageSize.max}.`, name)
    }
    if (args.first != null && args.last != null)
      throw new BadUserInputError('Ask for `first` or for `last`, not for both.', 'last')
    return args
  },
}

/** A connection over a list whose rows bring their cursors along. */
export async function keysetConnection<Item>(
  args: PageArguments,
  load: (page: PageRequest) => Promise<Listed<Item>[]>,
) {
  const { edges, pageInfo } = await resolveCursorConnection<Promise<Listed<Item>[]>>(
    {
      args: pageSize.checked(args),
      defaultSize: pageSize.default,
      maxSize: pageSize.max,
      toCursor: ({ cursor }) => cursor,
    },
    load,
  )
  return {
    pageInfo,
    edges: (edges ?? []).flatMap((edge) => (edge ? [{ cursor: edge.cursor, node: edge.node.item }] : [])),
  }
}
