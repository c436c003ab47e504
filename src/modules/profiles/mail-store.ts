import type { Postgres, Sql } from '../../platform/postgres.ts'
import type { MailedToken, MailedTokenPurpose } from './mailed-tokens.ts'

/** Enqueues, in the transaction, the job that makes a token and mails it. */
export type EnqueueMail = (sql: Sql, accountId: string, purpose: MailedTokenPurpose) => Promise<void>

export interface Addresses {
  email: string | null
  verified: boolean
  /** What is being verified in the place of it. */
  pending: string | null
}

export interface AskedToken {
  accountId: string
  purpose: MailedTokenPurpose
  hash: Buffer
  /** Empty: it is not mailed. */
  email: string
  nowMs: number
  expiresAtMs: number
}

/** What a job needs to write a mail. */
export interface Mailing {
  email: string
  username: string
  expiresAt: Date
}

export type MailStore = ReturnType<typeof createMailStore>

const tokenColumns = 'm.hash, m.purpose, m.email, m.expires_at as "expiresAt", m.used_at as "usedAt"'
/** SQLSTATE of a row that would be there twice. */
const uniqueViolation = '23505'

/** `onVerified` is told in the transaction that verifies an account's address. */
export function createMailStore(
  { sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>,
  enqueue: EnqueueMail,
  onVerified: (sql: Sql, accountId: string) => Promise<unknown>,
) {
  return {
    async addresses(accountId: string): Promise<Addresses | undefined> {
      const [row] = await sql<Addresses>(
        {
          name: 'profiles-addresses',
          text: `select a.email, a.email_verified_at is not null as verified, (
                   select m.email from mailed_tokens m where m.account_id = a.id and m.purpose = 'VERIFY_EMAIL' and m.used_at is null limit 1
                 ) as pending from accounts a where a.id = $1`,
        },
        [accountId],
      )
      return row
    },

    /** Takes an address in. One that is verified stays the account's until the new one is. */
    askVerification: (asked: AskedToken): Promise<void> =>
      transaction(async (tx) => {
        await lockAccount(tx, asked.accountId)
        await tx(
          {
            name: 'profiles-claim-email',
            text: 'update accounts set email = $2 where id = $1 and email_verified_at is null',
          },
          [asked.accountId, asked.email],
        )
        await replaceToken(tx, asked)
        await enqueue(tx, asked.accountId, asked.purpose)
      }),

    /** Drops the tokens for another address than the verified one. */
    async keepVerified(accountId: string): Promise<void> {
      await sql(
        {
          name: 'profiles-keep-verified',
          text: `delete from mailed_tokens where account_id = $1 and purpose = 'VERIFY_EMAIL' and used_at is null`,
        },
        [accountId],
      )
    },

    /**
     * Gives the asked-for token the hash of what is about to be mailed, and tells what else the mail says; undefined when there
     * is nothing to mail any more. A verification counts from its mail on, a deletion until the time that was told.
     */
    async arm(purpose: MailedTokenPurpose, accountId: string, hash: Buffer, nowMs: number, lifeMs: number) {
      const [row] = await sql<Mailing>(
        {
          name: 'profiles-arm-token',
          text: `update mailed_tokens m set hash = $3, expires_at = case when m.purpose = 'VERIFY_EMAIL' then $5 else m.expires_at end
                 from accounts a where a.id = m.account_id and a.revoked_at is null and m.account_id = $1
                 and m.purpose = $2::"MailedTokenPurpose" and m.used_at is null and m.email <> ''
                 and (m.purpose = 'VERIFY_EMAIL' or m.expires_at > $4)
                 returning m.email, a.username, m.expires_at as "expiresAt"`,
        },
        [accountId, purpose, hash, new Date(nowMs), new Date(nowMs + lifeMs)],
      )
      return row
    },

    /**
     * Uses a token, once `check` lets it pass: the address is the account's then, and its campus too if the domain is of one and
     * none was chosen. Tells false if another account has verified the address.
     */
    async verify(
      accountId: string,
      hash: Buffer,
      nowMs: number,
      check: (found: MailedToken | undefined) => MailedToken,
    ): Promise<boolean> {
      const work = transaction(async (tx) => {
        await lockAccount(tx, accountId)
        const { email } = check(await tokenOf(tx, accountId, 'VERIFY_EMAIL', hash))
        await useToken(tx, hash, nowMs)
        await tx(
          {
            name: 'profiles-verify-email',
            text: 'update accounts set email = $2, email_verified_at = $3 where id = $1',
          },
          [accountId, email, new Date(nowMs)],
        )
        await tx(
          {
            name: 'profiles-campus-of-email',
            text: `insert into profiles as p (account_id, campus_id, passions, updated_at)
                   select $1, id, '{}', $3 from campuses where email_domain <> '' and lower(email_domain) = split_part($2, '@', 2)
                   on conflict (account_id) do update set campus_id = coalesce(p.campus_id, excluded.campus_id)`,
          },
          [accountId, email, new Date(nowMs)],
        )
        await onVerified(tx, accountId)
        return true
      })
      return work.catch((error: unknown) => {
        if ((error as { code?: unknown }).code === uniqueViolation) return false
        throw error
      })
    },

    /** Deletes tokens that ended before then, used or not. */
    async dropOld(beforeMs: number): Promise<void> {
      await sql({ name: 'profiles-drop-tokens', text: 'delete from mailed_tokens where expires_at < $1' }, [
        new Date(beforeMs),
      ])
    },
  }
}

/** Whoever changes something of an account's tokens, or erases it, waits here for others who do. */
export async function lockAccount(sql: Sql, accountId: string): Promise<LockedAccount | undefined> {
  const [row] = await sql<LockedAccount>(
    {
      name: 'profiles-lock-account',
      text: `select held_at is not null as held, case when email_verified_at is null then null else email end as "verifiedEmail"
             from accounts where id = $1 for no key update`,
    },
    [accountId],
  )
  return row
}

export interface LockedAccount {
  held: boolean
  verifiedEmail: string | null
}

/** One of each purpose counts at a time. */
export async function replaceToken(sql: Sql, asked: AskedToken): Promise<void> {
  const { accountId, purpose, hash, email, nowMs, expiresAtMs } = asked
  await sql(
    {
      name: 'profiles-drop-token',
      text: 'delete from mailed_tokens where account_id = $1 and purpose = $2::"MailedTokenPurpose"',
    },
    [accountId, purpose],
  )
  await sql(
    {
      name: 'profiles-add-token',
      text: `insert into mailed_tokens (hash, account_id, purpose, email, created_at, expires_at)
             values ($1, $2, $3::"MailedTokenPurpose", $4, $5, $6)`,
    },
    [hash, accountId, purpose, email, new Date(nowMs), new Date(expiresAtMs)],
  )
}

export async function tokenOf(
  sql: Sql,
  accountId: string,
  purpose: MailedTokenPurpose,
  hash: Buffer,
): Promise<MailedToken | undefined> {
  const [row] = await sql<MailedToken>(
    {
      name: 'profiles-token',
      text: `select ${tokenColumns} from mailed_tokens m where m.hash = $1 and m.account_id = $2 and m.purpose = $3::"MailedTokenPurpose"`,
    },
    [hash, accountId, purpose],
  )
  return row
}

export async function useToken(sql: Sql, hash: Buffer, nowMs: number): Promise<void> {
  await sql({ name: 'profiles-use-token', text: 'update mailed_tokens set used_at = $2 where hash = $1' }, [
    hash,
    new Date(nowMs),
  ])
}
