import type { RedisConnections } from '../../platform/redis.ts'

export type WakeStore = ReturnType<typeof createWakeStore>

export function createWakeStore(redis: RedisConnections) {
  return {
    /** Says something to whoever listens, in order. */
    async publish(messages: readonly { channel: string; message: string }[]): Promise<void> {
      await redis.run(async (client) => {
        await Promise.all(messages.map(({ channel, message }) => client.publish(channel, message)))
      })
    },
  }
}
