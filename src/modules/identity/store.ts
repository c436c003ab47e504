import type { JWK } from 'jose'
import type { KeyStore, StoredKey } from '../../platform/keyring.ts'
import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { Role } from './viewer.ts'

export interface Device {
  id: string
  registeredAt: Date
  renewedAt: Date
  revokedAt: Date | null
}

export interface Account {
  id: string
  username: string
  /** Empty: the username is shown. */
  displayName: string
  email: string | null
  emailVerifiedAt: Date | null
  /** Set: nothing of it may be erased. */
  heldAt: Date | null
  roles: Role[]
  createdAt: Date
  revokedAt: Date | null
}

export interface ErasureRequest {
  erasureId: string
  requestedAt: Date
  revokedAt: Date
}

/** One look at what was revoked, by the database's clock: the only one that all nodes share. */
export interface RevocationLook {
  atMs: number
  revoked: { name: string; revokedAtMs: number }[]
}

/** Everybody revoked since then, or as long ago as a new process has to know. */
export type LookSince = { sinceMs: number } | { withinMs: number; signInsWithinMs: number }

interface DeviceRow {
  id: string
  registered_at: Date
  renewed_at: Date
  revoked_at: Date | null
}

export interface AccountRow {
  id: string
  username: string
  display_name: string
  email: string | null
  email_verified_at: Date | null
  held_at: Date | null
  /** Postgres writes an array of an enum as text: `{USER,ADMIN}`. */
  roles: string
  created_at: Date
  revoked_at: Date | null
}

interface KeyRow {
  kid: string
  public_jwk: JWK
  private_jwk: Buffer
  active_from: Date
  accept_until: Date
}

const deviceColumns = 'id, registered_at, renewed_at, revoked_at'
export const accountColumns =
  'id, username, display_name, email, email_verified_at, held_at, roles::text as roles, created_at, revoked_at'
const keyColumns = 'kid, public_jwk, private_jwk, active_from, accept_until'
/** Any number will do, as long as nothing else locks by it. */
const keysLock = 7_101_001

export function createIdentityStore(postgres: Postgres) {
  const { sql, transaction } = postgres

  async function firstDevice(name: string, text: string, values: unknown[]): Promise<Device | undefined> {
    const [row] = await sql<DeviceRow>({ name, text }, values)
    return row && deviceOf(row)
  }

  async function firstAccount(name: string, text: string, values: unknown[]): Promise<Account | undefined> {
    const [row] = await sql<AccountRow>({ name, text }, values)
    return row && accountOf(row)
  }

  const keyStore: KeyStore = {
    keys: () => readKeys(sql),
    changeKeys: (decide) =>
      transaction(async (tx) => {
        await tx({ name: 'identity-lock-keys', text: 'select pg_advisory_xact_lock($1)' }, [keysLock])
        const change = decide(await readKeys(tx))
        if (!change) return readKeys(tx)
        const { add, retire, drop } = change
        await tx(
          {
            name: 'identity-add-key',
            text: `insert into signing_keys (kid, public_jwk, private_jwk, active_from, accept_until) values ($1, $2, $3, $4, $5)`,
          },
          [add.kid, add.publicJwk, add.sealedJwk, new Date(add.activeFromMs), new Date(add.acceptUntilMs)],
        )
        if (retire) {
          await tx({ name: 'identity-retire-key', text: 'update signing_keys set accept_until = $2 where kid = $1' }, [
            retire.kid,
            new Date(retire.acceptUntilMs),
          ])
        }
        await tx({ name: 'identity-drop-keys', text: 'delete from signing_keys where kid = any($1)' }, [drop])
        return readKeys(tx)
      }),
  }

  return {
    ...keyStore,

    /** Inserts the device, or finds the one that the same registration has made. */
    async register(id: string, registration: string, nowMs: number): Promise<Device> {
      const device = await firstDevice(
        'identity-register',
        `insert into devices (id, registration, registered_at, renewed_at) values ($1, $2, $3, $3)
         on conflict (registration) do update set renewed_at = excluded.renewed_at
         returning ${deviceColumns}`,
        [id, registration, new Date(nowMs)],
      )
      if (!device) throw new Error('insert returned nothing')
      return device
    },

    /** Notes that a device that is not revoked was given a new token. */
    renew: (id: string, nowMs: number) =>
      firstDevice(
        'identity-renew',
        `update devices set renewed_at = $2 where id = $1 and revoked_at is null returning ${deviceColumns}`,
        [id, new Date(nowMs)],
      ),

    /** Revokes, or finds when it was: by the database's clock. Whoever signed in on the device is signed out there. */
    revokeDevice: (id: string): Promise<Device | undefined> =>
      transaction(async (tx) => {
        const [row] = await tx<DeviceRow>(
          {
            name: 'identity-revoke-device',
            // What the device has open is closed by a job, enqueued with the revocation itself.
            text: `with revoked as (
                     update devices set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = $1 returning ${deviceColumns}
                   ), job as (
                     select graphile_worker.add_job('close-session', json_build_object('deviceId', id), job_key := 'close-session:' || id) as added from revoked
                   )
                   select revoked.* from revoked, job`,
          },
          [id],
        )
        if (row) await endSignInsOn(tx, id)
        return row && deviceOf(row)
      }),

    /**
     * Revokes a device and asks for its erasure. The job waits until every node has seen the revocation: from then on nothing
     * of the device can come any more.
     */
    eraseDevice: (id: string, erasureId: string, subject: string): Promise<ErasureRequest | undefined> =>
      transaction(async (tx) => {
        const [row] = await tx<{ id: string; requested_at: Date; revoked_at: Date }>(
          {
            name: 'identity-erase-device',
            text: `with revoked as (
                     update devices set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = $1 returning id, revoked_at
                   ), erasure as (
                     insert into erasures (id, kind, subject, requested_at) select $2, 'DEVICE', $3, revoked_at from revoked
                     on conflict (subject) do update set subject = excluded.subject returning id, requested_at
                   ), job as (
                     select graphile_worker.add_job('erase-person', json_build_object('personId', id), job_key := 'erase-person:' || id,
                       run_at := clock_timestamp() + interval '3 seconds') as added from revoked
                   )
                   select erasure.id, erasure.requested_at, revoked.revoked_at from erasure, revoked, job`,
          },
          [id, erasureId, subject],
        )
        if (row) await endSignInsOn(tx, id)
        return row && { erasureId: row.id, requestedAt: row.requested_at, revokedAt: row.revoked_at }
      }),

    async devices(ids: string[]): Promise<Device[]> {
      const text = `select ${deviceColumns} from devices where id = any($1::uuid[])`
      return (await sql<DeviceRow>({ name: 'identity-devices', text }, [ids])).map(deviceOf)
    },

    async accounts(ids: string[]): Promise<Account[]> {
      const text = `select ${accountColumns} from accounts where id = any($1::uuid[])`
      return (await sql<AccountRow>({ name: 'identity-accounts', text }, [ids])).map(accountOf)
    },

    account: (id: string) =>
      firstAccount('identity-account', `select ${accountColumns} from accounts where id = $1`, [id]),

    accountNamed: (username: string) =>
      firstAccount('identity-account-named', `select ${accountColumns} from accounts where username = $1`, [username]),

    async revokedSince(since: LookSince): Promise<RevocationLook> {
      const values =
        'sinceMs' in since
          ? [new Date(since.sinceMs), 0, 0]
          : [null, since.withinMs, Math.min(since.withinMs, since.signInsWithinMs)]
      const rows = await sql<{ name: string | null; at: Date }>(
        {
          name: 'identity-revoked-since',
          text: `with since as materialized (
                   select coalesce($1::timestamptz, now() - $2::float8 * interval '1 millisecond') as at,
                     coalesce($1::timestamptz, now() - $3::float8 * interval '1 millisecond') as sign_ins_at
                 )
                 select null as name, now() as at
                 union all select 'device:' || id, revoked_at from devices where revoked_at > (select at from since)
                 union all select 'erased:' || subject, requested_at from erasures where requested_at > (select at from since)
                 union all select 'account:' || id, revoked_at from accounts where revoked_at > (select at from since)
                 union all select 'sign-in:' || id, ended_at from sign_ins where ended_at > (select sign_ins_at from since)
                 order by at`,
        },
        values,
      )
      const look: RevocationLook = { atMs: 0, revoked: [] }
      for (const { name, at } of rows) {
        if (name === null) look.atMs = at.getTime()
        else look.revoked.push({ name, revokedAtMs: at.getTime() })
      }
      return look
    },
  }
}

/**
 * In a statement of its own, after the device's: a signing-in locks the device, so this sees it, or comes before it and it
 * finds a device that is revoked. The device's name goes: it may be erased.
 */
function endSignInsOn(tx: Sql, deviceId: string): Promise<unknown> {
  return tx(
    {
      name: 'identity-end-sign-ins-on',
      text: `update sign_ins set ended_at = coalesce(ended_at, clock_timestamp()), device_id = null where device_id = $1`,
    },
    [deviceId],
  )
}

async function readKeys(sql: Sql): Promise<StoredKey[]> {
  const rows = await sql<KeyRow>({ name: 'identity-keys', text: `select ${keyColumns} from signing_keys` })
  return rows.map((row) => ({
    kid: row.kid,
    publicJwk: row.public_jwk,
    sealedJwk: row.private_jwk,
    activeFromMs: row.active_from.getTime(),
    acceptUntilMs: row.accept_until.getTime(),
  }))
}

function deviceOf({ id, registered_at, renewed_at, revoked_at }: DeviceRow): Device {
  return { id, registeredAt: registered_at, renewedAt: renewed_at, revokedAt: revoked_at }
}

export function accountOf(row: AccountRow): Account {
  const { id, username, email, roles } = row
  return {
    ...{ id, username, displayName: row.display_name, email, emailVerifiedAt: row.email_verified_at },
    ...{ heldAt: row.held_at, createdAt: row.created_at, revokedAt: row.revoked_at },
    roles: roles.slice(1, -1).split(',').filter(Boolean) as Role[],
  }
}
