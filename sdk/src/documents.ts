/** A document of GraphQL as text, which knows the types of its data and variables. `npm run codegen` writes one per operation. */
export type TypedText<Data, Variables> = string & { readonly ' types'?: (variables: Variables) => Data }

/** No variables may be left out; required ones may not. */
export type VariablesArgument<Variables> =
  Record<string, never> extends Variables ? [variables?: Variables] : [variables: Variables]
