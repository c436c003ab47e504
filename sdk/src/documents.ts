/** A document of GraphQL as text, which knows the types of its data and variables. `npm run codegen` writes one per operation. */
export type TypedText<Data, Variables> = string & { readonly ' types'?: (variables: Variables) => Data }

export interface RequestOptions {
  signal?: AbortSignal | undefined
}

/** What an operation is called with: its variables, which may be left out where all of them may, and the options. */
export type CallArguments<Variables> =
  Record<string, never> extends Variables
    ? [variables?: Variables, options?: RequestOptions]
    : [variables: Variables, options?: RequestOptions]
