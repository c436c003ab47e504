import { createTransport } from 'nodemailer'
import { checkedLetter, type Mail } from './mail.ts'

/** A job waits for it, and there are few of them: a server that does not answer holds none up for long. */
const patienceMs = 10_000

export interface SmtpSettings {
  /** `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. */
  url: string
  /** Who the mail comes from: an address, or `Name <address>`. */
  from: string
}

/** Mail by SMTP, over connections that are kept for the next one. */
export function createSmtpMail({ url, from }: SmtpSettings): Mail & { close(): void } {
  const transport = createTransport({
    ...{ url, pool: true, maxConnections: 2 },
    ...{ connectionTimeout: patienceMs, greetingTimeout: patienceMs, socketTimeout: patienceMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
  return {
    async send(letter) {
      const { to, subject, text } = checkedLetter(letter)
      // As an object, an address is not parsed: it cannot become two.
      await transport.sendMail({ from, to: { name: '', address: to }, subject, text }).catch(notTaken)
    },
    close: () => transport.close(),
  }
}

/** A server's own words may name the address, and whoever fails leaves words behind in logs and jobs. */
function notTaken(error: unknown): never {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown }
  throw new Error(`The mail server did not take a mail (${[code, responseCode].filter(Boolean).join(' ')}).`)
}
