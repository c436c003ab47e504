import type { TextLevels, TextScanner } from './labels.ts'

/** Says what texts are. May be away: what it does not say is unknown, and stops nothing. */
export interface Classifier {
  /** Never fails, and answers within its time limit. */
  classify(texts: readonly string[]): Promise<TextLevels>
}

/** The labels of the scanner in this process. */
export function createLocalClassifier(scanner: TextScanner): Classifier {
  return { classify: async (texts) => scanner.scan(texts).labels }
}
