import type { Letter } from '../../platform/mail/index.ts'
import type { MailedTokenPurpose } from './mailed-tokens.ts'

const subjects: Record<MailedTokenPurpose, string> = {
  VERIFY_EMAIL: 'Verify your e-mail address',
  DELETE_ACCOUNT: 'Delete your account',
}

const says: Record<MailedTokenPurpose, { wish: string; otherwise: string }> = {
  VERIFY_EMAIL: {
    wish: 'somebody, most likely you, gave this address for the account below. To verify that it is yours, enter this in the app:',
    otherwise: 'If it was not you, do nothing: without this the address counts for nothing.',
  },
  DELETE_ACCOUNT: {
    wish: 'you asked to delete the account below, with everything in it and for good. To go through with it, enter this in the app:',
    otherwise: 'If it was not you, change your password now: somebody knows it.',
  },
}

/** A mail with a token in it. Plain text of our own: the only words of others in it are a username. */
export function letterOf(
  purpose: MailedTokenPurpose,
  { to, username, token, untilMs }: { to: string; username: string; token: string; untilMs: number },
): Letter {
  const { wish, otherwise } = says[purpose]
  const until = `${new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const lines = ['Hello,', '', wish, '', token, '', `Account: ${username}`, `It counts until ${until}.`, '', otherwise]
  return { to, subject: subjects[purpose], text: `${lines.join('\n')}\n` }
}
