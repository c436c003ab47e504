import type { Postgres, Sql } from '../../platform/postgres.ts'
import { judgeSpent, signInLifeMs } from './refresh-tokens.ts'
import {
  besideColumns,
  type EndedRow,
  type EndedSignIn,
  endedOf,
  type SignedInRow,
  type SignIn,
  type SignInRow,
  signedInOf,
  signInColumns,
  signInOf,
} from './sign-in-rows.ts'
import { type Account, type AccountRow, accountColumns, accountOf } from './store.ts'

export interface NewSignIn {
  id: string
  deviceId: string | null
  label: string | null
  tokenHash: Buffer
  nowMs: number
}

export interface SignedIn {
  account: Account
  signIn: SignIn
  /** Those that had to end for it. */
  ended: EndedSignIn[]
}

export type Refreshed =
  | { outcome: 'refreshed'; account: Account; signIn: SignIn }
  | { outcome: 'reuse'; ended: EndedSignIn[] }
  | { outcome: 'ended' }

const signInsAtMost = 50
const dropAtOnce = 2000
export type SignInStore = ReturnType<typeof createSignInStore>

export function createSignInStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>) {
  /** Adds a signing-in to an account whose row is locked, so that they are counted one after the other. */
  async function addSignIn(tx: Sql, account: Account, added: NewSignIn): Promise<SignedIn> {
    const { id, deviceId, label, tokenHash, nowMs } = added
    const now = new Date(nowMs)
    const [row] = await tx<SignInRow>(
      {
        name: 'sign-ins-add',
        // On no device that was revoked meanwhile; whoever revokes it waits until this is there to be ended.
        text: `with device as (select id from devices where id = $3 and revoked_at is null for share), s as (
                 insert into sign_ins (id, account_id, device_id, label, created_at, last_used_at, expires_at)
                 values ($1, $2, (select id from device), $4, $5, $5, $6) returning *
               ), token as (
                 insert into refresh_tokens (hash, sign_in_id, issued_at) select $7, id, $5 from s
               )
               select ${signInColumns} from s`,
      },
      [id, account.id, deviceId, label, now, new Date(nowMs + signInLifeMs), tokenHash],
    )
    if (!row) throw new Error('insert returned nothing')
    const ended = await tx<EndedRow>(
      {
        name: 'sign-ins-end-oldest',
        text: `update sign_ins set ended_at = clock_timestamp() where id in (
                 select id from sign_ins where account_id = $1 and ended_at is null and expires_at > $2
                 order by created_at desc, id desc offset $3
               ) returning id, ended_at`,
      },
      [account.id, now, signInsAtMost],
    )
    return { account, signIn: signInOf(row), ended: ended.map(endedOf) }
  }

  /** What happens to a token that has been spent, or to one of a signing-in that is over. */
  function refreshSpent(presented: Buffer, next: Buffer, nowMs: number): Promise<Refreshed> {
    return transaction(async (tx) => {
      const now = new Date(nowMs)
      const [row] = await tx<SignedInRow>(
        {
          name: 'sign-ins-lock',
          text: `select ${signInColumns}, a.* from sign_ins s, lateral (select ${besideColumns} from accounts where id = s.account_id) a
                 where s.id = (select sign_in_id from refresh_tokens where hash = $1) and s.ended_at is null
                   and s.expires_at > $2 and a.revoked_at is null for update of s`,
        },
        [presented, now],
      )
      if (!row) return { outcome: 'ended' as const }
      // After the lock, so that it sees what whoever held it before has done.
      const [token] = await tx<{ spent_at: Date | null; live: Buffer | null }>(
        {
          name: 'sign-ins-spent-token',
          text: `select t.spent_at, live.hash as live from refresh_tokens t
                 left join refresh_tokens live on live.sign_in_id = t.sign_in_id and live.parent_hash = t.hash and live.spent_at is null
                 where t.hash = $1`,
        },
        [presented],
      )
      const spentAtMs = token?.spent_at?.getTime()
      if (token === undefined || spentAtMs === undefined) return { outcome: 'ended' as const }
      if (judgeSpent({ spentAtMs, isParentOfLive: token.live !== null }, nowMs) === 'reuse') {
        return { outcome: 'reuse' as const, ended: await endIn(tx, [row.id]) }
      }
      await tx(
        {
          name: 'sign-ins-replace-lost',
          text: `with lost as (update refresh_tokens set spent_at = $4 where hash = $3),
                   next as (insert into refresh_tokens (hash, sign_in_id, parent_hash, issued_at) values ($2, $5, $1, $4))
                 update sign_ins set last_used_at = $4, expires_at = $6 where id = $5`,
        },
        [presented, next, token.live, now, row.id, new Date(nowMs + signInLifeMs)],
      )
      return { outcome: 'refreshed' as const, ...signedInOf(row) }
    })
  }

  async function endIn(tx: Sql, ids: string[]): Promise<EndedSignIn[]> {
    const rows = await tx<EndedRow>(
      {
        name: 'sign-ins-end',
        text: 'update sign_ins set ended_at = clock_timestamp() where id = any($1::uuid[]) and ended_at is null returning id, ended_at',
      },
      [ids],
    )
    return rows.map(endedOf)
  }

  return {
    /** Makes an account, what `keep` keeps of it, and its first signing-in. Nothing when the name, or the id, is taken. */
    register: (
      account: {
        id: string
        username: string
        displayName: string
        email: string | null
        passwordHash: string
      },
      added: NewSignIn,
      keep: (sql: Sql) => Promise<void>,
    ): Promise<SignedIn | undefined> =>
      transaction(async (tx) => {
        const { id, username, displayName, email, passwordHash } = account
        const [row] = await tx<AccountRow>(
          {
            name: 'sign-ins-register',
            text: `insert into accounts (id, username, display_name, email, password_hash, roles, created_at)
                   values ($1, $2, $3, $4, $5, '{USER}', $6) on conflict do nothing returning ${accountColumns}`,
          },
          [id, username, displayName, email, passwordHash, new Date(added.nowMs)],
        )
        if (!row) return undefined
        await keep(tx)
        return addSignIn(tx, accountOf(row), added)
      }),

    /** Signs in whoever has just shown the password of this hash. Nothing when it was changed meanwhile, or the account revoked. */
    signIn: (accountId: string, shownHash: string, added: NewSignIn): Promise<SignedIn | undefined> =>
      transaction(async (tx) => {
        const [row] = await tx<AccountRow>(
          {
            name: 'sign-ins-lock-account',
            text: `select ${accountColumns} from accounts where id = $1 and password_hash = $2 and revoked_at is null
                   for no key update`,
          },
          [accountId, shownHash],
        )
        return row && addSignIn(tx, accountOf(row), added)
      }),

    /** Changes a password and ends every signing-in but one. Nothing when the old one is not the account's any more. */
    changePassword: (
      accountId: string,
      from: string,
      to: string,
      kept: string | null,
    ): Promise<{ account: Account; ended: EndedSignIn[] } | undefined> =>
      transaction(async (tx) => {
        const [row] = await tx<AccountRow>(
          {
            name: 'sign-ins-change-password',
            text: `update accounts set password_hash = $3 where id = $1 and password_hash = $2 and revoked_at is null
                   returning ${accountColumns}`,
          },
          [accountId, from, to],
        )
        if (!row) return undefined
        const ended = await tx<EndedRow>(
          {
            name: 'sign-ins-end-others',
            text: `update sign_ins set ended_at = clock_timestamp()
                   where account_id = $1 and ended_at is null and id is distinct from $2 returning id, ended_at`,
          },
          [accountId, kept],
        )
        return { account: accountOf(row), ended: ended.map(endedOf) }
      }),

    /** The signing-in that a token was given out for, whatever became of either. */
    async familyOf(tokenHash: Buffer): Promise<string | undefined> {
      const [row] = await sql<{ sign_in_id: string }>(
        { name: 'sign-ins-family', text: 'select sign_in_id from refresh_tokens where hash = $1' },
        [tokenHash],
      )
      return row?.sign_in_id
    },

    /** Whose signing-in a token was given out for, and whether it is the last one of that, in its time. */
    async ownerOfToken(tokenHash: Buffer, nowMs: number): Promise<{ accountId: string; isLast: boolean } | undefined> {
      const [row] = await sql<{ accountId: string; isLast: boolean }>(
        {
          name: 'sign-ins-owner-of-token',
          text: `select s.account_id as "accountId", t.spent_at is null and s.expires_at > $2 as "isLast"
                 from refresh_tokens t join sign_ins s on s.id = t.sign_in_id where t.hash = $1`,
        },
        [tokenHash, new Date(nowMs)],
      )
      return row
    },

    /**
     * Exchanges a token for the next one. Usually that is the first statement, all of it or nothing; one that finds the token
     * spent is left to the second. Both lock the signing-in first.
     */
    async refresh(presented: Buffer, next: Buffer, nowMs: number): Promise<Refreshed> {
      const [row] = await sql<SignedInRow>(
        {
          name: 'sign-ins-refresh',
          text: `with s as (
                   update sign_ins set last_used_at = $3, expires_at = $4 from accounts a
                   where sign_ins.id = (select sign_in_id from refresh_tokens where hash = $1) and ended_at is null and expires_at > $3
                     and a.id = account_id and a.revoked_at is null
                   returning sign_ins.*
                 ), spent as (
                   update refresh_tokens set spent_at = $3 where hash = $1 and spent_at is null and sign_in_id = (select id from s)
                   returning sign_in_id
                 ), next as (
                   insert into refresh_tokens (hash, sign_in_id, parent_hash, issued_at) select $2, sign_in_id, $1, $3 from spent
                 )
                 select ${signInColumns}, a.* from spent, s, lateral (select ${besideColumns} from accounts where id = s.account_id) a`,
        },
        [presented, next, new Date(nowMs), new Date(nowMs + signInLifeMs)],
      )
      return row ? { outcome: 'refreshed', ...signedInOf(row) } : refreshSpent(presented, next, nowMs)
    },

    end: (ids: string[]) => endIn(sql, ids),

    async endAllOf(accountId: string): Promise<EndedSignIn[]> {
      const rows = await sql<EndedRow>(
        {
          name: 'sign-ins-end-all',
          text: `update sign_ins set ended_at = clock_timestamp() where account_id = $1 and ended_at is null returning id, ended_at`,
        },
        [accountId],
      )
      return rows.map(endedOf)
    },

    async endOf(accountId: string, id: string): Promise<SignIn | undefined> {
      const [row] = await sql<SignInRow>(
        {
          name: 'sign-ins-end-own',
          text: `update sign_ins s set ended_at = coalesce(ended_at, clock_timestamp()) where id = $2 and account_id = $1
                 returning ${signInColumns}`,
        },
        [accountId, id],
      )
      return row && signInOf(row)
    },

    /** Those that are not over, newest first. */
    async live(accountIds: readonly string[], nowMs: number): Promise<SignIn[]> {
      const rows = await sql<SignInRow>(
        {
          name: 'sign-ins-live',
          text: `select ${signInColumns} from sign_ins s where account_id = any($1::uuid[]) and ended_at is null and expires_at > $2
                 order by created_at desc, id desc`,
        },
        [accountIds, new Date(nowMs)],
      )
      return rows.map(signInOf)
    },

    /** Drops what is over for as long as a signing-in lasts, and tokens older than any that could still count; a part at a time. */
    async dropOld(nowMs: number): Promise<void> {
      const before = new Date(nowMs - signInLifeMs)
      const drop = async (name: string, text: string) => {
        while ((await sql({ name, text }, [before, dropAtOnce])).length === dropAtOnce);
      }
      await drop(
        'sign-ins-drop-tokens',
        `delete from refresh_tokens where hash in (select hash from refresh_tokens where spent_at < $1 limit $2) returning 1`,
      )
      await drop(
        'sign-ins-drop',
        `delete from sign_ins where id in (select id from sign_ins where ended_at < $1 or expires_at < $1 limit $2) returning 1`,
      )
    },
  }
}
