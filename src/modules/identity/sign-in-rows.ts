import { type AccountRow, accountColumns, accountOf } from './store.ts'

export interface SignIn {
  id: string
  accountId: string
  deviceId: string | null
  label: string | null
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
  endedAt: Date | null
}

export interface EndedSignIn {
  id: string
  endedAt: Date
}

export interface SignInRow {
  id: string
  account_id: string
  device_id: string | null
  label: string | null
  signed_in_at: Date
  last_used_at: Date
  expires_at: Date
  ended_at: Date | null
}

export type SignedInRow = SignInRow & Omit<AccountRow, 'id'>
export type EndedRow = { id: string; ended_at: Date }

export const signInColumns =
  's.id, s.account_id, s.device_id, s.label, s.created_at as signed_in_at, s.last_used_at, s.expires_at, s.ended_at'
/** Those of the account beside those of its signing-in, whose id is another. */
export const besideColumns = accountColumns.replace('id, ', '')

export function signInOf(row: SignInRow): SignIn {
  const { id, label } = row
  return {
    ...{ id, label, accountId: row.account_id, deviceId: row.device_id, createdAt: row.signed_in_at },
    ...{ lastUsedAt: row.last_used_at, expiresAt: row.expires_at, endedAt: row.ended_at },
  }
}

export const endedOf = ({ id, ended_at }: EndedRow): EndedSignIn => ({ id, endedAt: ended_at })

export const signedInOf = (row: SignedInRow) => ({
  account: accountOf({ ...row, id: row.account_id }),
  signIn: signInOf(row),
})
