import { randomUUID } from 'node:crypto'
import type { Position } from '../cursor.ts'
import type { RedisConnections } from '../redis.ts'
import { type EphemeralTopic, streamName, type Topic } from './topics.ts'

/**
 * The log of an ephemeral stream: a bounded Redis Stream whose entry ids are `<seq>-0`, and a head that holds the epoch, the
 * last seq and the run id of the Redis that holds them. A head that is missing, or that another run of Redis wrote, starts a
 * new epoch: whatever was lost with it is seen, because no cursor of the old epoch fits. A log that belongs to a record
 * (`with`, a key of the same slot) lives exactly as long as that; any other for `ttl` after its last use.
 */
const headLua = `
local function openHead(base, run, seed, ttl, with)
  local head = base .. ':head'
  local found = redis.call('HMGET', head, 'epoch', 'seq', 'run', 'with')
  if not found[1] or found[3] ~= run then
    redis.call('DEL', base .. ':log')
    redis.call('HSET', head, 'epoch', seed, 'seq', 0, 'run', run)
    redis.call('HDEL', head, 'mark', 'markedAt')
    found = { seed, '0', run, found[4] }
  end
  if with and found[4] ~= with then redis.call('HSET', head, 'with', with) end
  local record = with or found[4]
  if record then ttl = math.max(1, redis.call('PTTL', record)) end
  redis.call('PEXPIRE', head, ttl)
  return found[1], tonumber(found[2]), ttl
end
`

/**
 * `append(base, payload, run, seed, maxLength, ttl, with)` for scripts that append as part of something larger. The payload is
 * JSON; `with` is the key of the record that the log belongs to, if it belongs to one. Who decides by where the log stands whether and
 * what to append has its parts: `epoch, seq, life = openHead(base, run, seed, ttl)`, then `put(base, epoch, seq + 1, payload, maxLength, life)`.
 */
export const appendLua = `${headLua}
local function put(base, epoch, seq, payload, maxLength, life)
  redis.call('HSET', base .. ':head', 'seq', seq)
  redis.call('XADD', base .. ':log', 'MAXLEN', maxLength, seq .. '-0', 'p', payload)
  redis.call('PEXPIRE', base .. ':log', life)
  redis.call('PUBLISH', base, '{"v":1,"epoch":"' .. epoch .. '","seq":' .. seq .. ',"payload":' .. payload .. '}')
end
local function append(base, payload, run, seed, maxLength, ttl, with)
  local epoch, seq, life = openHead(base, run, seed, ttl, with)
  put(base, epoch, seq + 1, payload, maxLength, life)
  return seq + 1
end
`

const readLua = `${headLua}
local base = string.sub(KEYS[1], 1, -6)
local epoch, seq, life = openHead(base, ARGV[1], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], life)
if ARGV[4] ~= epoch then return { epoch, seq, seq + 1, {} } end
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
local oldest = first and tonumber(string.match(first[1], '^%d+')) or seq + 1
return { epoch, seq, oldest, redis.call('XRANGE', KEYS[2], '(' .. ARGV[5] .. '-0', '+', 'COUNT', ARGV[6]) }
`

// An entry has no time: what was there at the mark, which is at least so old, goes, and a new mark is set.
const fadeLua = `
local head = redis.call('HMGET', KEYS[1], 'seq', 'mark', 'markedAt')
if not head[1] then return 0 end
local now, gone = tonumber(ARGV[1]), 0
if head[3] and now - tonumber(head[3]) < tonumber(ARGV[2]) then return 0 end
if head[2] then gone = redis.call('XTRIM', KEYS[2], 'MINID', (tonumber(head[2]) + 1) .. '-0') end
redis.call('HSET', KEYS[1], 'mark', head[1], 'markedAt', now)
return gone
`

const positionsLua = `${headLua}
local found = {}
for i = 1, #KEYS do
  local base = string.sub(KEYS[i], 1, -6)
  local epoch, seq, life = openHead(base, ARGV[1], ARGV[2], ARGV[2 + i])
  redis.call('PEXPIRE', base .. ':log', life)
  found[i] = { epoch, seq }
end
return found
`

export interface Page {
  /** Where the log stands now. */
  head: Position
  /** The seq of the oldest event that the log still holds; head.seq + 1 when it holds none. */
  oldest: number
  entries: { seq: number; payload: unknown }[]
}

/** What a feed and its subscribers ask of the log of a topic, wherever that lives. */
export interface LogReader<Kind> {
  /** The entries after a position, oldest first, at most `limit`; none when the position is of another epoch, or none is given. */
  read(topic: Kind, key: string, after: Position | undefined, limit: number): Promise<Page>
  /** Where several streams of one kind and slot stand now, in the order asked for. */
  positions(streams: { topic: Kind; key: string }[]): Promise<Position[]>
}

/** An ephemeral topic of whatever payload. */
type Described = Omit<EphemeralTopic<unknown>, 'payload'>

/** The logs in Redis. Whoever reads one, or asks where it stands, keeps it alive. */
export interface EventLog extends LogReader<Described> {
  append<Payload>(topic: EphemeralTopic<Payload>, key: string, payload: Payload): Promise<number>
  /** Forgets what is older than `forMs`, at the latest after twice as long if it is called once in a while. Readers behind that resync. */
  fade(topic: Described, key: string, nowMs: number, forMs: number): Promise<void>
  /**
   * Takes out every payload of which `isGone` says so, by its JSON, for good: it is in the log no more, and its seq has no entry. Readers
   * who come to such a place resync. What is appended meanwhile is not looked at.
   */
  redact(topic: Described, key: string, isGone: (json: string) => boolean): Promise<number>
  /** What a script that appends by itself has to be told, after the payload. */
  appendArgs(topic: Described): (string | number)[]
  base(topic: Omit<Topic<unknown>, 'payload'>, key: string): string
}

const redactPage = 500

/** The epoch that a new log would get: 62 random bits. Needed in every call, and randomUUID has them in stock. */
const seed = () => randomUUID().replaceAll('-', '').slice(16)

export function createEventLog(redis: RedisConnections): EventLog {
  const appendScript = redis.script(
    'vicinityAppend',
    `${appendLua}\nreturn append(string.sub(KEYS[1], 1, -6), ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])`,
  )
  const readScript = redis.script('vicinityRead', readLua)
  const fadeScript = redis.script('vicinityFade', fadeLua)
  const positionsScript = redis.script('vicinityPositions', positionsLua)

  const base: EventLog['base'] = (topic, key) => redis.key(...streamName(topic, key))
  const keys = (topic: Described, key: string) => [`${base(topic, key)}:head`, `${base(topic, key)}:log`]
  const appendArgs = (topic: Described) => [redis.runId(), seed(), topic.maxLength, topic.windowMs]

  return {
    async append(topic, key, payload) {
      return Number(await appendScript(keys(topic, key), [JSON.stringify(payload), ...appendArgs(topic)]))
    },
    async read(topic, key, after, limit) {
      const args = [redis.runId(), seed(), topic.windowMs, after?.epoch ?? '', after?.seq ?? 0, limit]
      const [epoch, seq, oldest, entries] = (await readScript(keys(topic, key), args)) as [
        string,
        number,
        number,
        [string, string[]][],
      ]
      return {
        head: { epoch, seq },
        oldest,
        entries: entries.map(([id, fields]) => ({
          seq: Number.parseInt(id, 10),
          payload: JSON.parse(fields[1] ?? 'null'),
        })),
      }
    },
    async positions(streams) {
      const heads = streams.map(({ topic, key }) => `${base(topic, key)}:head`)
      const args = [redis.runId(), seed(), ...streams.map(({ topic }) => topic.windowMs)]
      const found = (await positionsScript(heads, args)) as [string, number][]
      return found.map(([epoch, seq]) => ({ epoch, seq }))
    },
    async fade(topic, key, nowMs, forMs) {
      await fadeScript(keys(topic, key), [nowMs, forMs])
    },
    async redact(topic, key, isGone) {
      const [, log = ''] = keys(topic, key)
      let [from, removed] = ['-', 0]
      for (;;) {
        const page = await redis.run((client) => client.xrange(log, from, '+', 'COUNT', redactPage))
        const gone = page.flatMap(([id, fields]) => (isGone(fields[1] ?? '') ? [id] : []))
        if (gone.length > 0) removed += await redis.run((client) => client.xdel(log, ...gone))
        const last = page.at(-1)
        if (!last || page.length < redactPage) return removed
        from = `(${last[0]}`
      }
    },
    appendArgs,
    base,
  }
}
