import type { TestApp } from '../app.ts'

/**
 * Whoever may ask, by what they are to the thing asked about, in the order in which they are asked: who may do least comes
 * first, so that nobody finds what another has changed.
 */
export const viewers = [
  ...['nobody', 'device', 'account', 'stranger', 'blocked', 'exMember', 'MODERATOR', 'ADMIN', 'member', 'owner'],
] as const

export type ViewerName =
  | 'nobody'
  /** A phone that has nothing to do with it. */
  | 'device'
  /** Somebody signed in, on no device, who has nothing to do with it. */
  | 'account'
  /** Of the same kind as its owner, and as near, without any part in it. */
  | 'stranger'
  /** A member whom its owner has blocked. */
  | 'blocked'
  | 'exMember'
  | 'MODERATOR'
  | 'ADMIN'
  | 'member'
  | 'owner'

/** The token of each; nobody has none, and a subject that knows no such part leaves it out. */
export type Tokens = Partial<Record<ViewerName, string>>

/** One thing with everybody around it. */
export interface Scene {
  tokens: Tokens
}

/** A code, the type of what came, `given`, `null`, or whatever the row says of the data. */
export type Outcome = string

export interface Row<S extends Scene = Scene> {
  /** Where the thing is named, as the schema has it: `Mutation.block(input.matchId)`. */
  of: string
  /** What it is about, where one place has several rows. */
  about?: string
  query: string
  variables(scene: S, who: ViewerName): Record<string, unknown>
  /** The same with a well-formed name of what never was. Whoever is refused must get the very same bytes. */
  never?(scene: S, who: ViewerName): Record<string, unknown>
  /** What the data comes to, where `given` does not say enough. */
  shows?(data: Record<string, unknown>, scene: S): Outcome
  gets: Partial<Record<ViewerName, Outcome>> & { others: Outcome }
  /** Who may know that it is there, and so may be told why they are refused. */
  seenBy?: readonly ViewerName[]
  /** Everybody is asked with a scene of their own, where an answer would change what the next one gets. */
  fresh?: boolean
}

/** How somebody loses a running stream. */
export interface Loss<S extends Scene = Scene> {
  of: string
  how: string
  who: ViewerName
  query: string
  variables(scene: S): Record<string, unknown>
  /** Something that is told to whoever may know it, each time it is called. */
  happen(scene: S): Promise<unknown>
  /** Which events are told of that happening. */
  tells(event: Record<string, unknown>): boolean
  lose(scene: S): Promise<unknown>
  /** `ends`: the stream is over within a second. `silent`: it tells nothing of that any more. */
  after: 'ends' | 'silent'
}

export interface Subject<S extends Scene = Scene> {
  name: string
  /** Makes a new thing; `around` has the tokens of those who have to do with no thing. */
  set(app: TestApp, around: Tokens): Promise<S>
  rows: Row<S>[]
  losses?: Loss<S>[]
}

/** A subject among others: what its scenes are made of is its own business. */
export const subject = <S extends Scene>(given: Subject<S>) => given as unknown as Subject

export const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64')

/** Well-formed, and never given to anything. */
export const neverId = '01900000-0000-7000-8000-000000000000'
