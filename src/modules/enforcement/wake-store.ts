import type { RedisConnections } from '../../platform/redis.ts'

export type WakeStore = ReturnType<typeof createWakeStore>

export function createWakeStore(redis: RedisConnections) {
  return {
    /** Wakes the streams of one person, in the order of what is told. */
    async publish(messages: readonly { channel: string; message: string }[]): Promise<void> {
      await redis.run((client) => Promise.all(messages.map(({ channel, message }) => client.publish(channel, message))))
    },
  }
}
