// What time tells of a beacon that leads to no match: one call for each kind in turn, in an order drawn anew each time.
import { randomBytes } from 'node:crypto'
import { answer } from '../kit/answer.ts'
import { type Kind, kinds, type Times } from '../kit/nowhere.ts'
import { openStore, terms } from '../kit/store.ts'
import type { Phone } from './phones.ts'

const opened = openStore()

/** Microseconds of each call, by kind. Phones with an even number share their interests, and so do the odd ones. */
async function run({ crowd, turns }: { crowd: Phone[]; turns: number }): Promise<Times> {
  const { store } = await opened
  const [reporter, stranger] = crowd
  if (!reporter || !stranger) throw new Error('there is nobody to hear')
  // Texts of one making, as a body's are: one that was just drawn takes longer to send than one that was sent before.
  const beacons: Record<Kind, string> = JSON.parse(
    JSON.stringify({
      unknown: randomBytes(16).toString('hex'),
      own: reporter.beacon,
      'shares nothing': stranger.beacon,
    }),
  )
  const times: Times = { unknown: [], own: [], 'shares nothing': [] }
  for (let turn = 0; turn < turns; turn += 1) {
    for (const kind of [...kinds].sort(() => Math.random() - 0.5)) {
      const nowMs = Date.now()
      const sightings = [{ beacon: beacons[kind], observedAtMs: nowMs }]
      const begun = performance.now()
      const outcome = await store.sight({ nowMs, deviceId: reporter.deviceId, sessionId: null, sightings, ...terms })
      const took = performance.now() - begun
      if (outcome.kind !== 'seen' || outcome.answers[0]?.match) throw new Error('this was to lead nowhere')
      // The first tenth only warms up.
      if (turn > turns / 10) times[kind].push(took * 1000)
    }
  }
  return times
}

answer(opened, { run })
