import type { Letter, Mail } from '../../src/platform/mail/index.ts'

export interface Mailbox extends Mail {
  /** What was sent, newest last. */
  letters: Letter[]
  /** While it is set, nothing is taken. */
  down: boolean
  /** The token of the newest mail to an address. */
  tokenFor(to: string): string
  subjectsTo(to: string): string[]
}

/** In the place of a mail server. */
export function createMailbox(): Mailbox {
  const letters: Letter[] = []
  const mailbox: Mailbox = {
    letters,
    down: false,
    async send(letter) {
      if (mailbox.down) throw new Error('the mail server is down')
      letters.push(letter)
    },
    tokenFor(to) {
      const token = letters.findLast((letter) => letter.to === to)?.text.match(/^[A-Za-z0-9_-]{64}$/m)?.[0]
      if (!token) throw new Error(`No mail with a token to ${to}.`)
      return token
    },
    subjectsTo: (to) => letters.filter((letter) => letter.to === to).map(({ subject }) => subject),
  }
  return mailbox
}
