import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { RedisConnections } from '../../platform/redis.ts'
import { levels } from './labels.ts'

export const verdicts = ['clean', 'suspicious', 'malicious', 'unknown'] as const
export type UrlVerdict = (typeof verdicts)[number]

/** What was found behind a URL. */
export interface JudgedUrl {
  verdict: UrlVerdict
  /** Of an image that it leads to. */
  image: Record<string, (typeof levels)[number]>
}

const judgedSchema = z.object({ verdict: z.enum(verdicts), image: z.record(z.string(), z.enum(levels)) })
const keptSeconds = 24 * 60 * 60
/** What could not be found out is asked for again sooner. */
const unknownSeconds = 10 * 60

export type UrlVerdictStore = ReturnType<typeof createUrlVerdictStore>

/** Verdicts by a keyed hash of the URL: whoever reads Redis does not read what people link to. */
export function createUrlVerdictStore(redis: Pick<RedisConnections, 'key' | 'run'>, key: Buffer) {
  const keyOf = (url: string) => redis.key('scanning', 'url', createHmac('sha256', key).update(url).digest('base64url'))
  return {
    async get(url: string): Promise<JudgedUrl | undefined> {
      const text = await redis.run((client) => client.get(keyOf(url)))
      const parsed = text === null ? undefined : judgedSchema.safeParse(JSON.parse(text))
      return parsed?.success ? parsed.data : undefined
    },

    async set(url: string, judged: JudgedUrl): Promise<void> {
      const seconds = judged.verdict === 'unknown' ? unknownSeconds : keptSeconds
      await redis.run((client) => client.set(keyOf(url), JSON.stringify(judged), 'EX', seconds))
    },
  }
}
