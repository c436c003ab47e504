import type { LogReader } from './log.ts'
import type { DurableTopic } from './topics.ts'

/** What is kept for ever has one life. */
export const durableEpoch = '0'.repeat(16)

/** The log of durable topics: what their modules keep, read as a log whose beginning is never lost. */
export const durableLog: LogReader<DurableTopic<unknown>> = {
  async read({ log }, key, after, limit) {
    if (!after) {
      const [head = 0] = await log.positions([key])
      return { head: { epoch: durableEpoch, seq: head }, oldest: 1, entries: [] }
    }
    const here = after.epoch === durableEpoch
    const { head, entries } = await log.read(key, here ? after.seq : 0, here ? limit : 1)
    return { head: { epoch: durableEpoch, seq: head }, oldest: 1, entries: here ? entries : [] }
  },
  async positions(streams) {
    const [first] = streams
    if (!first) return []
    const heads = await first.topic.log.positions(streams.map(({ key }) => key))
    return heads.map((seq) => ({ epoch: durableEpoch, seq }))
  },
}
