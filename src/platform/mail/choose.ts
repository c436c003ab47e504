import type { Disposers } from '../disposers.ts'
import type { Logger } from '../logger.ts'
import { createLoggedMail, createWaitingMail } from './logged.ts'
import type { Mail } from './mail.ts'
import { createSmtpMail, type SmtpSettings } from './smtp.ts'

/** By SMTP where there is a server; otherwise into the log, but never in production: mails hold tokens. */
export function createMail(
  { smtp, production }: { smtp: SmtpSettings | undefined; production: boolean },
  deps: { logger: Logger; disposers: Disposers },
): Mail {
  if (!smtp) return production ? createWaitingMail(deps.logger) : createLoggedMail(deps.logger)
  const mail = createSmtpMail(smtp)
  deps.disposers.add('mail', mail.close)
  return mail
}
