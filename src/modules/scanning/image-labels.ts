import type { ImageLevels } from './labels.ts'

/** How sure a classifier is, 0 to 1. What it does not say is unknown. */
export interface ImageScores {
  nsfw?: number | undefined
  gore?: number | undefined
}

/** What is to be done with an image. */
export type ImageVerdict = 'ALLOWED' | 'NEEDS_REVIEW' | 'QUARANTINED' | 'BLOCKED'

const nsfwIsHigh = 0.97
const nsfwIsMedium = 0.85
const goreIsHigh = 0.8

/** `isKnown`: whether its hash is on a list; null where nobody could look. */
export function labelsOf({ nsfw, gore }: ImageScores, isKnown: boolean | null): ImageLevels {
  const labels: ImageLevels = {}
  if (nsfw === undefined) labels.nsfw = 'unknown'
  else if (nsfw >= nsfwIsMedium) labels.nsfw = nsfw >= nsfwIsHigh ? 'high' : 'medium'
  if (gore === undefined) labels.gore = 'unknown'
  else if (gore >= goreIsHigh) labels.gore = 'high'
  if (isKnown !== false) labels.known = isKnown ? 'high' : 'unknown'
  return labels
}

/** What nobody knows stops nothing. */
export function verdictOf({ nsfw, gore, known }: ImageLevels): ImageVerdict {
  if (known === 'high') return 'BLOCKED'
  if (nsfw === 'high' || gore === 'high') return 'QUARANTINED'
  return nsfw === 'medium' ? 'NEEDS_REVIEW' : 'ALLOWED'
}
