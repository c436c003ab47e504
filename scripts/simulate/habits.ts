import type { Random } from '../kit/random.ts'
import { between } from './chance.ts'

/** What somebody is like. Times are averages, seconds. */
export interface Habits {
  /** Keeps a socket open and is told who and what comes near. */
  follows: boolean
  looksEvery: number
  /** Looks for people as well as for activities. */
  curious: boolean
  /** Has ideas of their own. */
  startsEvery: number
  /** Joins what they see. */
  sociable: boolean
  speaksEvery: number
  staysFor: number
  /** Puts the phone away, and takes it out again. */
  rests: { every: number; for: number }
}

const never = Number.POSITIVE_INFINITY

export function createHabits(random: Random): Habits {
  const [follows, looks, starts, sociable, quits] = [random(), random(), random(), random(), random()]
  return {
    follows: follows < 0.25,
    looksEvery: looks < 0.6 ? between(random, 10, 40) : never,
    curious: random() < 0.5,
    startsEvery: starts < 0.08 ? between(random, 20, 60) : never,
    sociable: sociable < 0.4,
    speaksEvery: between(random, 6, 30),
    staysFor: between(random, 30, 120),
    rests: { every: quits < 0.2 ? between(random, 60, 180) : never, for: between(random, 10, 30) },
  }
}

/** What activities are called, and how many seats they have; null: as many as come. Few seats make a race. */
export const ideas: { title: string; emoji: string; seats: (number | null)[] }[] = [
  { title: 'Coffee in the sun', emoji: '☕', seats: [2, 3] },
  { title: 'A round of chess', emoji: '♟️', seats: [1] },
  { title: 'Table tennis', emoji: '🏓', seats: [1, 3] },
  { title: 'Frisbee', emoji: '🥏', seats: [6, null] },
  { title: 'Sketching outdoors', emoji: '✏️', seats: [4, null] },
  { title: 'Language exchange', emoji: '🗣️', seats: [4, 8] },
  { title: 'A walk by the water', emoji: '🚶', seats: [3, null] },
  { title: 'Ice cream', emoji: '🍦', seats: [2, 5] },
  { title: 'Board games', emoji: '🎲', seats: [3, 5] },
  { title: 'Guitar and songs', emoji: '🎸', seats: [null] },
  { title: 'Looking at the stars', emoji: '🔭', seats: [5, null] },
  { title: 'Evening run', emoji: '🏃', seats: [8, null] },
]

export const words = [
  'Hello!',
  'On my way.',
  'I am here, by the fountain.',
  'Is there a seat left?',
  'Two minutes.',
  'Great weather for it 🌤️',
  'Shall I bring anything?',
  'See you in a moment 👋',
  'Who else is coming?',
  'That was fun.',
]
