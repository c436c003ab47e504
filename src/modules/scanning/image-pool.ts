import type { DecodeOrder, DecodeReply } from './image-decoding.ts'
import { type DecodingProcess, startDecoding } from './image-processes.ts'

export interface ImagePool {
  /** `UNKNOWN` when the decoder crashed, was too late, or has too much to do: that stops nothing. */
  decode(order: DecodeOrder): Promise<DecodeReply>
  /** Who decodes now. */
  pids(): number[]
  /** Ends every process. Whoever waits is told UNKNOWN. */
  close(): Promise<void>
}

export interface PoolLimits {
  processes: number
  /** For one image, from when it is begun. */
  timeMs: number
  memoryBytes: number
  /** So many wait, at most. */
  waiting: number
  /** A process with nothing to do for so long is ended. */
  idleMs: number
}

const usual: PoolLimits = { processes: 1, timeMs: 5000, memoryBytes: 1024 ** 3, waiting: 16, idleMs: 60_000 }
/** A process is replaced after so many images: what decoders leak is gone with it. */
const imagesPerProcess = 1000

interface Slot {
  process: DecodingProcess
  served: number
  busy: boolean
  idle?: NodeJS.Timeout
}

/** Processes that decode, started when there is something to do. */
export function createImagePool(given: Partial<PoolLimits> = {}): ImagePool {
  const limits = { ...usual, ...given }
  const slots = new Set<Slot>()
  const waiting: { order: DecodeOrder; answer: (reply: DecodeReply) => void }[] = []
  let closed = false

  function free(): Slot | undefined {
    for (const slot of slots) {
      if (slot.process.over()) slots.delete(slot)
      else if (!slot.busy) return slot
    }
    if (slots.size >= limits.processes) return undefined
    const slot = { process: startDecoding(limits), served: 0, busy: false }
    slots.add(slot)
    return slot
  }

  async function work(): Promise<void> {
    const slot = waiting.length > 0 && !closed ? free() : undefined
    const task = slot && waiting.shift()
    if (!task) return
    clearTimeout(slot.idle)
    slot.busy = true
    slot.served += 1
    task.answer(await slot.process.decode(task.order))
    slot.busy = false
    if (slot.served >= imagesPerProcess) end(slot)
    else slot.idle = setTimeout(() => end(slot), limits.idleMs).unref()
    void work()
  }

  function end(slot: Slot) {
    slots.delete(slot)
    void slot.process.kill()
  }

  return {
    decode(order) {
      if (closed || waiting.length >= limits.waiting) return Promise.resolve('UNKNOWN')
      return new Promise((answer) => {
        waiting.push({ order, answer })
        void work()
      })
    },
    pids: () => [...slots].flatMap(({ process }) => (process.over() ? [] : (process.pid ?? []))),
    async close() {
      closed = true
      for (const { answer } of waiting.splice(0)) answer('UNKNOWN')
      const ended = [...slots].map(({ process, idle }) => {
        clearTimeout(idle)
        return process.kill()
      })
      slots.clear()
      await Promise.all(ended)
    },
  }
}
