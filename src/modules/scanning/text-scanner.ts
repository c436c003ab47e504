// Invariant: what looks the same or says the same in disguise gets the same labels, and the text itself is never changed.
import { englishDataset, englishRecommendedTransformers, type Matcher, RegExpMatcher } from 'obscenity'
import type { TextFindings, TextScanner } from './labels.ts'
import { findLinks } from './links.ts'

export function createTextScanner(): TextScanner {
  const english: Matcher = new RegExpMatcher({ ...englishDataset.build(), ...englishRecommendedTransformers })

  return {
    scan(texts): TextFindings {
      const folded = texts.join('\n').normalize('NFKC').toLowerCase()
      return {
        labels: english.hasMatch(folded) ? { profanity: 'medium' } : {},
        links: findLinks(texts),
        folded,
      }
    },
  }
}
