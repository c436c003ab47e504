import type { ImageLevels, TextLevels } from '../scanning/index.ts'

/** What a write goes to: each has limits, restrictions and policies of its own. */
export const surfaces = [
  'MESSAGE',
  'ACTIVITY',
  'ACTIVITY_MESSAGE',
  'PROFILE',
  'INVITE',
  'VENUE',
  'EVENT',
  'REPORT',
] as const
export type Surface = (typeof surfaces)[number]

/** What is known of a write or its writer besides the words. */
export const signals = ['duplicate_text', 'high_velocity', 'new_person', 'linked_to_banned', 'reported'] as const
export type Signal = (typeof signals)[number]

/** What predicates are about. Never the text itself: it may be kept. */
export interface Features {
  surface: Surface
  text: TextLevels
  image: ImageLevels
  signals: readonly Signal[]
  /** 0 to 100; 50 where nothing is known. */
  trust: number
}
