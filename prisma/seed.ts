import type { IdentityService, Role } from '../src/modules/identity/index.ts'
import type { Clock } from '../src/platform/clock.ts'
import { deriveKey } from '../src/platform/derive-key.ts'
import { createId } from '../src/platform/ids.ts'
import type { Postgres, Sql } from '../src/platform/postgres.ts'

const roles: Role[] = ['USER', 'ORGANIZER', 'MODERATOR', 'ADMIN']

export interface Demo {
  who: string
  token: string
  /** What `login` takes, with the name that `who` begins with. Accounts have one, once a secret is given. */
  password?: string
}

/**
 * A phone and an account per role for whoever tries things out, with a fresh token each; the phone's comes first. Repeating
 * it finds those that are there. One that was revoked in a demonstration stays revoked, and another takes its place. With a
 * secret the accounts get passwords made of it, the same at every start.
 */
export async function seed(
  app: { postgres: Postgres; services: { identity: IdentityService }; clock: Clock },
  secret?: string,
): Promise<Demo[]> {
  const { postgres, clock } = app
  const { identity } = app.services
  const deviceId = await postgres.transaction((sql) => demoDevice(sql, clock.now()))
  const demo: Demo[] = [{ who: 'a phone', token: await identity.mintDeviceToken(deviceId) }]
  for (const role of roles) {
    const username = `demo-${role.toLowerCase()}`
    await postgres.transaction((sql) => demoAccount(sql, username, role, clock.now()))
    const account = { who: `${username} (${role})`, token: await identity.mintAccountToken(username) }
    if (secret === undefined) demo.push(account)
    else {
      const password = deriveKey(secret, `demo:${username}`).toString('base64url').slice(0, 20)
      await identity.givePassword(username, password)
      demo.push({ ...account, password })
    }
  }
  return demo
}

async function demoDevice(sql: Sql, nowMs: number): Promise<string> {
  const id = createId(nowMs)
  await sql({
    name: 'seed-retire-device',
    text: `update devices set registration = registration || ':' || id where registration = 'demo' and revoked_at is not null`,
  })
  const [device] = await sql<{ id: string }>(
    {
      name: 'seed-device',
      text: `insert into devices (id, registration, registered_at, renewed_at) values ($1, 'demo', $2, $2)
             on conflict (registration) do update set renewed_at = excluded.renewed_at returning id`,
    },
    [id, new Date(nowMs)],
  )
  return device?.id ?? id
}

/** Makes the account, or finds it, and tells its id. */
export async function demoAccount(sql: Sql, username: string, role: Role, nowMs: number): Promise<string> {
  await sql(
    {
      name: 'seed-retire-account',
      text: `update accounts set username = username || ':' || id where username = $1 and revoked_at is not null`,
    },
    [username],
  )
  const id = createId(nowMs)
  const [account] = await sql<{ id: string }>(
    {
      name: 'seed-account',
      text: `insert into accounts (id, username, roles, created_at) values ($1, $2, array[$3]::"Role"[], $4)
             on conflict (username) do update set roles = excluded.roles returning id`,
    },
    [id, username, role, new Date(nowMs)],
  )
  return account?.id ?? id
}
