import type { RegisterDeviceInput } from '../../generated/graphql.ts'
import { RegisterDeviceText, RenewDeviceText } from '../../generated/operations.ts'
import { type Clock, newClientId } from '../environment.ts'
import { VicinityError } from '../errors.ts'
import type { Send } from '../transport/http.ts'
import { type Access, receivedAccess } from './access.ts'
import type { RegisterDeviceResult, TokenStorage } from './auth-types.ts'

/** A device's token is renewed during its last day; the old one is good until its own end. */
const renewalMs = 24 * 60 * 60 * 1000
/** After a renewal that failed. */
const restsMs = 60_000

export interface DeviceDeps {
  send: Send
  storage: TokenStorage
  lock: <T>(work: () => Promise<T>) => Promise<T>
  clock: Clock
  changed(): void
}

/** The token of this device, which has no other way to be recognised again. */
export function createDevice({ send, storage, lock, clock, changed }: DeviceDeps) {
  let kept: Access | undefined
  let triedAtMs = Number.NEGATIVE_INFINITY
  let renewal: Promise<boolean> | undefined

  async function keep(next: Access | undefined): Promise<void> {
    kept = next
    await storage.set(next ? JSON.stringify(next) : null)
    changed()
  }

  async function read(): Promise<Access | undefined> {
    const text = await storage.get()
    return text === null ? undefined : (JSON.parse(text) as Access)
  }

  const isEnding = ({ expiresAtMs, receivedAtMs }: Access) =>
    clock.now() >= expiresAtMs - Math.min(renewalMs, (expiresAtMs - receivedAtMs) / 2)

  async function renewKept(): Promise<boolean> {
    const stored = await read()
    // Another tab has done it.
    if (stored && stored.token !== kept?.token && !isEnding(stored)) {
      kept = stored
      return true
    }
    if (!kept) return false
    triedAtMs = clock.now()
    const { renewDevice: answer } = await send(RenewDeviceText, {}, { token: kept.token })
    if (answer?.__typename !== 'RenewDevicePayload') return false
    await keep(receivedAccess(answer.token, answer.expiresAt, clock.now()))
    return true
  }

  function renew(): Promise<boolean> {
    renewal ??= lock(renewKept).finally(() => {
      renewal = undefined
    })
    return renewal
  }

  return {
    isRegistered: () => kept !== undefined,
    async restore(): Promise<void> {
      kept = await read()
    },
    register: (input: RegisterDeviceInput = {}): Promise<RegisterDeviceResult> =>
      lock(async () => {
        const named = { ...input, clientId: input.clientId ?? newClientId() }
        const { registerDevice: answer } = await send(RegisterDeviceText, { input: named }, { token: null })
        if (!answer) throw new VicinityError('PROTOCOL', 'The server answered nothing')
        if (answer.__typename === 'RegisterDevicePayload')
          await keep(receivedAccess(answer.token, answer.expiresAt, clock.now()))
        return answer
      }),
    renew,
    async token(): Promise<string | undefined> {
      // It is still good, so nobody needs to know that it could not be renewed yet.
      if (kept && isEnding(kept) && clock.now() - triedAtMs > restsMs) await renew().catch(() => false)
      return kept?.token
    },
    owns: (token: string) => kept?.token === token,
    /** The server knows the device no more. */
    end: () => keep(undefined),
  }
}
