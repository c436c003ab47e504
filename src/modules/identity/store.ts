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
  revoked: { principal: string; revokedAtMs: number }[]
}

interface DeviceRow {
  id: string
  registered_at: Date
  renewed_at: Date
  revoked_at: Date | null
}

interface AccountRow {
  id: string
  username: string
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
const accountColumns = 'id, username, roles::text as roles, created_at, revoked_at'
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

    /** Revokes, or finds when it was: by the database's clock. */
    revokeDevice: (id: string) =>
      firstDevice(
        'identity-revoke-device',
        // What the device has open is closed by a job, enqueued with the revocation itself.
        `with revoked as (
           update devices set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = $1 returning ${deviceColumns}
         ), job as (
           select graphile_worker.add_job('close-session', json_build_object('deviceId', id), job_key := 'close-session:' || id) as added from revoked
         )
         select revoked.* from revoked, job`,
        [id],
      ),

    /**
     * Revokes a device and asks for its erasure. The job waits until every node has seen the revocation: from then on nothing
     * of the device can come any more.
     */
    async eraseDevice(id: string, erasureId: string, subject: string): Promise<ErasureRequest | undefined> {
      const [row] = await sql<{ id: string; requested_at: Date; revoked_at: Date }>(
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
      return row && { erasureId: row.id, requestedAt: row.requested_at, revokedAt: row.revoked_at }
    },

    revokeAccount: (id: string) =>
      firstAccount(
        'identity-revoke-account',
        `update accounts set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = $1 returning ${accountColumns}`,
        [id],
      ),

    async devices(ids: string[]): Promise<Device[]> {
      const text = `select ${deviceColumns} from devices where id = any($1::uuid[])`
      return (await sql<DeviceRow>({ name: 'identity-devices', text }, [ids])).map(deviceOf)
    },

    account: (id: string) =>
      firstAccount('identity-account', `select ${accountColumns} from accounts where id = $1`, [id]),

    accountNamed: (username: string) =>
      firstAccount('identity-account-named', `select ${accountColumns} from accounts where username = $1`, [username]),

    /** Everybody revoked after `sinceMs`, or within `withinMs` of now. */
    async revokedSince(since: { sinceMs: number } | { withinMs: number }): Promise<RevocationLook> {
      const from = 'sinceMs' in since ? [new Date(since.sinceMs), 0] : [null, since.withinMs]
      const rows = await sql<{ principal: string | null; at: Date }>(
        {
          name: 'identity-revoked-since',
          text: `with since as materialized (select coalesce($1::timestamptz, now() - $2::float8 * interval '1 millisecond') as at)
                 select null as principal, now() as at
                 union all select 'device:' || id, revoked_at from devices where revoked_at > (select at from since)
                 union all select 'erased:' || subject, requested_at from erasures where requested_at > (select at from since)
                 union all select 'account:' || id, revoked_at from accounts where revoked_at > (select at from since)
                 order by at`,
        },
        from,
      )
      const look: RevocationLook = { atMs: 0, revoked: [] }
      for (const { principal, at } of rows) {
        if (principal === null) look.atMs = at.getTime()
        else look.revoked.push({ principal, revokedAtMs: at.getTime() })
      }
      return look
    },
  }
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

function accountOf({ id, username, roles, created_at, revoked_at }: AccountRow): Account {
  const names = roles.slice(1, -1).split(',').filter(Boolean)
  return { id, username, roles: names as Role[], createdAt: created_at, revokedAt: revoked_at }
}
