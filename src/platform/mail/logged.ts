import { UnavailableError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { checkedLetter, type Mail } from './mail.ts'

/** For a newcomer: what would be mailed stands in the log, where its token can be copied from. */
export function createLoggedMail(logger: Logger): Mail {
  return {
    async send(letter) {
      const { to, subject, text } = checkedLetter(letter)
      const lines = [`To: ${to}`, `Subject: ${subject}`, '', ...text.trimEnd().split('\n')]
      logger.info(['A mail, shown here since no SMTP_URL is set:', ...lines.map((line) => `  ${line}`)].join('\n'))
    },
  }
}

/** In production nothing of a mail is logged: it waits, as a job that is tried again, until there is a server. */
export function createWaitingMail(logger: Logger): Mail {
  logger.warn('mail: SMTP_URL is not set, so that mails wait, and are given up after four days')
  return {
    async send() {
      throw new UnavailableError(new Error('SMTP_URL is not set'))
    },
  }
}
