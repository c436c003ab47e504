import type { Random } from '../kit/random.ts'

/** A number of the standard normal distribution (Box and Muller). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** A waiting time that does not remember how long one has waited. */
export const waiting = (random: Random, average: number): number => -Math.log(1 - random()) * average

export const between = (random: Random, from: number, to: number): number => from + random() * (to - from)

/** Whether something that happens once in `averageSeconds` happens within `seconds`. */
export const happens = (random: Random, seconds: number, averageSeconds: number): boolean =>
  random() < 1 - Math.exp(-seconds / averageSeconds)

export const oneOf = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T

/** Zipf: the second draws half as many as the first, the third a third. Answers which one is drawn. */
export function zipf(random: Random, count: number): number {
  const total = Array.from({ length: count }, (_, i) => 1 / (i + 1)).reduce((sum, weight) => sum + weight, 0)
  let left = random() * total
  for (let i = 0; i < count; i++) {
    left -= 1 / (i + 1)
    if (left < 0) return i
  }
  return count - 1
}
