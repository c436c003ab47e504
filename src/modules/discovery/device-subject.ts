// Invariant: of a device nothing is known but that it is there, and there is nothing of it to hide.
import { isId } from '../../platform/ids.ts'
import type { SubjectFacts, SubjectSource } from '../enforcement/index.ts'
import type { DeviceStore } from './device-store.ts'

/** Somebody who is known by what they do only: what can be reported is that they did it. */
export function createDeviceSubject({ store }: { store: DeviceStore }): SubjectSource {
  async function facts(id: string): Promise<SubjectFacts | null> {
    const registeredAt = isId(id) ? await store.registeredAt(id) : undefined
    if (!registeredAt) return null
    return { ownerId: id, campusId: null, text: '', isPublic: false, createdAt: registeredAt, state: 'VISIBLE' }
  }
  return {
    facts,
    // Whoever names a device was told of it: nobody is ever given its own id.
    seenBy: async ({ deviceId }, id) => (deviceId === null ? null : facts(id)),
    setState: async () => false,
    reveal: async () => 0,
  }
}
