import type { FoundLink } from './labels.ts'

/** What is known of a domain: the list of the deployment says so, or nothing. */
export type DomainVerdict = 'allowed' | 'denied' | undefined

/** Every link in the texts. */
export function findLinks(_texts: readonly string[]): FoundLink[] {
  return []
}

/** The text without its links, and otherwise as it was. */
export function stripLinks(text: string): string {
  return text
}
