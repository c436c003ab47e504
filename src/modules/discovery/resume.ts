import type { Position as LogPosition } from '../../platform/cursor.ts'
import type { ResyncReason } from '../../platform/delivery/event.ts'
import type { DeliveryEngine } from '../../platform/delivery/index.ts'
import type { EphemeralTopic } from '../../platform/delivery/topics.ts'
import { BadUserInputError, UnavailableError } from '../../platform/errors.ts'
import {
  type Grids,
  type Surroundings,
  surroundingsKey,
  surroundingsTopic,
  type Viewpoint,
  viewpointTopic,
} from '../presence/index.ts'
import { type FenceState, type LogMark, markOf } from './fence-cursor.ts'
import type { FenceStream } from './fence-stream.ts'
import { activityOf, type Fences, tell } from './fences.ts'
import { type Areas, activityAt, type FollowedArea, personAt } from './followed-area.ts'
import type { LiveViewpoint } from './viewpoints.ts'
import { viewOfActivity, viewOfPerson } from './views.ts'

interface ResumeDependencies {
  delivery: DeliveryEngine
  areas: Areas
  fences: Fences
  grids: Grids
}

const page = 1000
const behindAtMostMs = 2000

class Gap extends Error {
  readonly reason: ResyncReason
  constructor(reason: ResyncReason) {
    super(reason)
    this.reason = reason
  }
}

/**
 * Goes on from a cursor. What was inside at the cursor follows from where the viewer was then and from the logs since: of what
 * changed, the first entry says how it was; all else is as it is now. The difference is one frame.
 */
export async function resume(
  stream: FenceStream,
  state: FenceState,
  cursor: string,
  deps: ResumeDependencies,
): Promise<void> {
  const { viewpoint } = stream
  const { delivery, areas, fences, grids } = deps
  const held = state.areas.map(({ area }) => areas.hold(area, stream))
  const taps: (() => void)[] = []
  try {
    if (state.partial) throw new Gap('WINDOW_EXCEEDED')
    const since = await Promise.all(
      state.areas.map(async ({ mark }, i) => {
        const followed = held[i] as FollowedArea
        await followed.loaded()
        await reached(delivery, surroundingsTopic, surroundingsKey(followed.area), mark, () => followed.position)
        // From here on what is applied is collected, and what was applied before is read.
        const live: Surroundings[] = []
        taps.push(followed.tap((change) => void live.push(change)))
        const read = await readFrom(
          delivery,
          surroundingsTopic,
          surroundingsKey(followed.area),
          mark,
          followed.position,
        )
        return { followed, changes: [read, live] }
      }),
    )
    const own = await ownSince(delivery, viewpoint, state.own)
    // Nothing is waited for from here to the end.
    if (held.some(({ model }) => !model)) throw new Gap('EPOCH_CHANGED')
    stream.stand(state.at, apartThen(viewpoint.apart, own), held)

    const people = new Map<string, (Surroundings & { kind: 'person' })['from'][]>()
    const activities = new Map<string, Surroundings & { kind: 'activity' }>()
    const places = new Map<FollowedArea, Set<string>>()
    for (const { followed, changes } of since) {
      const seen = new Set<string>()
      places.set(followed, seen)
      for (const change of changes.flat()) {
        if (seen.has(change.id)) continue
        seen.add(change.id)
        if (change.kind === 'activity') activities.set(change.id, change)
        else people.set(change.id, [...(people.get(change.id) ?? []), change.from])
      }
    }
    for (const [id, froms] of people) {
      const unchanged = held
        .filter((followed) => !places.get(followed)?.has(id))
        .map(({ model }) => model?.people.get(id))
      const then = [...froms.map((from) => personAt(grids, from)), ...unchanged].filter((place) => place !== undefined)
      tell(stream, 'person', id, viewOfPerson(stream, stream.at, id, then), fences.personView(stream, id))
    }
    for (const [id, { host, from }] of activities) {
      const then = viewOfActivity(stream, stream.at, activityAt(grids, host, from))
      tell(stream, 'activity', id, then, viewOfActivity(stream, stream.at, activityOf(stream, id)))
    }
    stream.begin({ kind: 'ready', cursor })
    stream.catchUp()
  } catch (error) {
    if (!(error instanceof Gap)) {
      for (const followed of held) areas.release(followed, stream)
      throw error
    }
    stream.stand(undefined, viewpoint.apart, held)
    stream.lose(error.reason)
    stream.catchUp()
  } finally {
    for (const untap of taps) untap()
  }
  await stream.settled()
}

/** Whom a block kept from the viewer at the cursor: as now, with what happened since undone. */
function apartThen(apart: ReadonlySet<string>, since: Viewpoint[]): Set<string> {
  const then = new Set(apart)
  const seen = new Set<string>()
  for (const change of since) {
    if (change.kind === 'stand' || seen.has(change.other)) continue
    seen.add(change.other)
    if (change.kind === 'together') then.add(change.other)
    else then.delete(change.other)
  }
  return then
}

/** The viewer's own log up to what has been taken into account here. */
async function ownSince(delivery: DeliveryEngine, viewpoint: LiveViewpoint, mark: LogMark): Promise<Viewpoint[]> {
  await reached(delivery, viewpointTopic, viewpoint.viewerId, mark, () => viewpoint.position)
  for (;;) {
    const { position } = viewpoint
    const changes = await readFrom(delivery, viewpointTopic, viewpoint.viewerId, mark, position)
    if (viewpoint.position.seq === position.seq && viewpoint.position.epoch === position.epoch) return changes
  }
}

/** Waits until this process is as far as the one that the cursor comes from. Refuses a cursor that no log has reached. */
async function reached(
  delivery: DeliveryEngine,
  topic: EphemeralTopic<unknown>,
  key: string,
  mark: LogMark,
  position: () => LogPosition,
): Promise<void> {
  if (position().seq >= mark.seq || markOf(position()).epoch !== mark.epoch) return
  const [head] = await delivery.log.positions([{ topic, key }])
  if (!head || markOf(head).epoch !== mark.epoch) throw new Gap('EPOCH_CHANGED')
  if (head.seq < mark.seq) throw new BadUserInputError('This cursor is ahead of its stream.', 'after')
  const deadline = performance.now() + behindAtMostMs
  while (position().seq < mark.seq && markOf(position()).epoch === mark.epoch) {
    if (performance.now() > deadline) throw new UnavailableError()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The payloads after a mark up to a position. Fails with a Gap where the log does not reach back so far. */
async function readFrom<Payload>(
  delivery: DeliveryEngine,
  topic: EphemeralTopic<Payload>,
  key: string,
  mark: LogMark,
  to: LogPosition,
): Promise<Payload[]> {
  if (markOf(to).epoch !== mark.epoch) throw new Gap('EPOCH_CHANGED')
  const found: Payload[] = []
  let { seq } = mark
  while (seq < to.seq) {
    const { head, oldest, entries } = await delivery.log.read(topic, key, { epoch: to.epoch, seq }, page)
    if (head.epoch !== to.epoch) throw new Gap('EPOCH_CHANGED')
    if (oldest > seq + 1) throw new Gap('WINDOW_EXCEEDED')
    for (const entry of entries) {
      // Somebody was erased: what is not there any more may have changed what this reader is shown.
      if (entry.seq !== seq + 1) throw new Gap('WINDOW_EXCEEDED')
      seq = entry.seq
      const parsed = seq <= to.seq && topic.payload.safeParse(entry.payload)
      if (parsed !== false && parsed.success) found.push(parsed.data)
    }
    if (entries.length === 0) throw new Gap('WINDOW_EXCEEDED')
  }
  return found
}
