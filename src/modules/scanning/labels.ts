/** What a text may be found to be. */
export const textLabels = [
  'profanity',
  'slur',
  'sexual',
  'harassment',
  'self_harm',
  'violence',
  'scam',
  'unsafe_links',
  'excessive_links',
] as const
export type TextLabel = (typeof textLabels)[number]

/** What an image may be found to be; `known`: its hash is on a list. */
export const imageLabels = ['nsfw', 'gore', 'known'] as const
export type ImageLabel = (typeof imageLabels)[number]

/** How sure, from the least. `unknown`: a detector failed. A label that is absent is clean. */
export const levels = ['unknown', 'low', 'medium', 'high'] as const
export type Level = (typeof levels)[number]

export type TextLevels = Partial<Record<TextLabel, Level>>
export type ImageLevels = Partial<Record<ImageLabel, Level>>

/** The surer of two. */
export function surer(one: Level | undefined, other: Level): Level {
  return one && levels.indexOf(one) > levels.indexOf(other) ? one : other
}

/** What two say of the same, the surer of each label. */
export function mergedLevels(one: TextLevels, other: TextLevels): TextLevels {
  const merged: TextLevels = { ...one }
  for (const [label, level] of Object.entries(other) as [TextLabel, Level][])
    merged[label] = surer(merged[label], level)
  return merged
}

/** Something in a text that opens when it is tapped. */
export interface FoundLink {
  /** Which of the texts, from 0, and where in it: UTF-16 units. */
  text: number
  start: number
  end: number
  /** With a scheme, whether it was written or not. */
  url: string
  /** Where it leads, in ASCII, without a trailing dot. */
  host: string
  /** The name that somebody registered, in ASCII (`xn--…`): `example.co.uk`; an address in figures as it is; empty when there is neither. */
  domain: string
}

/** Why a text has a label. */
export interface TextReason {
  label: TextLabel
  level: Level
  /** In which of the texts, from 0, and where in it: UTF-16 units. */
  text: number
  start: number
  end: number
}

export interface TextFindings {
  labels: TextLevels
  /** What it was that gave the labels, at most 50 of them. */
  reasons: TextReason[]
  links: FoundLink[]
  /** All texts as they are matched: two that look alike or say the same in disguise are the same here. Never shown to anyone. */
  folded: string
}

export interface TextScanner {
  /** What the texts of one write are, alone and one after the other. Pure; nothing is kept. */
  scan(texts: readonly string[]): TextFindings
}
