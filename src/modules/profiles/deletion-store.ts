import type { Postgres } from '../../platform/postgres.ts'
import {
  type AskedToken,
  type EnqueueMail,
  type LockedAccount,
  lockAccount,
  replaceToken,
  tokenOf,
  useToken,
} from './mail-store.ts'
import type { MailedToken } from './mailed-tokens.ts'

/** The names under which jobs about an account wait. */
export const mailJobKey = (purpose: string, accountId: string) => `send-mail:${purpose}:${accountId}`
export const eraseJobKey = (accountId: string) => `erase-account:${accountId}`

export interface ConfirmedDeletion {
  erasureId: string
  requestedAt: Date
  revokedAt: Date
}

export type DeletionStore = ReturnType<typeof createDeletionStore>

export function createDeletionStore({ sql, transaction }: Pick<Postgres, 'sql' | 'transaction'>, enqueue: EnqueueMail) {
  return {
    /**
     * Takes a wish down, once `check` lets the account pass, and tells where its token is mailed to: null if there is no verified
     * address, so that it has to be handed out.
     */
    ask: (
      asked: Omit<AskedToken, 'email' | 'purpose'>,
      check: (account: LockedAccount | undefined) => LockedAccount,
    ): Promise<string | null> =>
      transaction(async (tx) => {
        const { verifiedEmail } = check(await lockAccount(tx, asked.accountId))
        await replaceToken(tx, { ...asked, purpose: 'DELETE_ACCOUNT', email: verifiedEmail ?? '' })
        if (verifiedEmail !== null) await enqueue(tx, asked.accountId, 'DELETE_ACCOUNT')
        return verifiedEmail
      }),

    /**
     * Uses a token, once `check` lets it and the account pass: the account is revoked, and the job that erases it waits until
     * every node has seen that. From then on nothing of the account can come any more.
     */
    confirm: (
      accountId: string,
      hash: Buffer,
      { nowMs, erasureId, subject }: { nowMs: number; erasureId: string; subject: string },
      check: (found: MailedToken | undefined, account: LockedAccount | undefined) => void,
    ): Promise<ConfirmedDeletion> =>
      transaction(async (tx) => {
        const account = await lockAccount(tx, accountId)
        check(await tokenOf(tx, accountId, 'DELETE_ACCOUNT', hash), account)
        await useToken(tx, hash, nowMs)
        const [row] = await tx<ConfirmedDeletion>(
          {
            name: 'profiles-confirm-deletion',
            text: `with revoked as (
                     update accounts set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = $1 returning id, revoked_at
                   ), erasure as (
                     insert into erasures (id, kind, subject, requested_at) select $2, 'ACCOUNT', $3, revoked_at from revoked
                     on conflict (subject) do update set subject = excluded.subject returning id, requested_at
                   ), job as (
                     select graphile_worker.add_job('erase-account', json_build_object('accountId', id), job_key := $4,
                       run_at := clock_timestamp() + interval '3 seconds') as added from revoked
                   )
                   select erasure.id as "erasureId", erasure.requested_at as "requestedAt", revoked.revoked_at as "revokedAt"
                   from erasure, revoked, job`,
          },
          [accountId, erasureId, subject, eraseJobKey(accountId)],
        )
        if (!row) throw new Error('update returned nothing')
        return row
      }),

    /**
     * Makes an empty shell of an account: no name, no address, no password, no role, no signing-in, no profile, no mail that waits.
     * Tells whether a hold forbids it: one that comes later is too late. Repeating it changes nothing more.
     */
    empty: (accountId: string, shellName: string): Promise<{ held: boolean }> =>
      transaction(async (tx) => {
        const [account] = await tx<{ held: boolean; shell: boolean }>(
          {
            name: 'profiles-lock-erased',
            // No registered name has a colon in it.
            text: `select held_at is not null as held, username like 'deleted:%' as shell from accounts where id = $1 for update`,
          },
          [accountId],
        )
        if (!account || account.shell) return { held: false }
        if (account.held) return { held: true }
        await tx(
          {
            name: 'profiles-empty-account',
            text: `with signed as (delete from sign_ins where account_id = $1),
                        mailed as (delete from mailed_tokens where account_id = $1),
                        profile as (delete from profiles where account_id = $1)
                   update accounts set username = $2, display_name = '', roles = '{}', password_hash = null, email = null, email_verified_at = null
                   where id = $1`,
          },
          [accountId, shellName],
        )
        const waiting = [mailJobKey('VERIFY_EMAIL', accountId), mailJobKey('DELETE_ACCOUNT', accountId)]
        await tx(
          {
            name: 'profiles-drop-mails',
            text: 'select graphile_worker.remove_job(key) is null as gone from unnest($1::text[]) as key',
          },
          [waiting],
        )
        return { held: false }
      }),

    /** Asks again in an hour. */
    async eraseLater(accountId: string): Promise<void> {
      await sql(
        {
          name: 'profiles-erase-later',
          text: `select graphile_worker.add_job('erase-account', json_build_object('accountId', $1::text), job_key := $2,
                   run_at := clock_timestamp() + interval '1 hour') is not null as added`,
        },
        [accountId, eraseJobKey(accountId)],
      )
    },
  }
}
