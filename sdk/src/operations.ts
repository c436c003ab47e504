export type * from '../generated/graphql.ts'
export * from '../generated/operations.ts'
