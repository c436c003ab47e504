import { checkedEmail } from './address.ts'

export interface Letter {
  to: string
  /** One line. */
  subject: string
  text: string
}

export interface Mail {
  /** Resolves when the letter was taken over; fails when it was not, and may be tried again: it may then come twice. */
  send(letter: Letter): Promise<void>
}

/** What goes into a header has no line break in it, whatever the transport makes of one. */
export function checkedLetter({ to, subject, text }: Letter): Letter {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(subject) || checkedEmail(to) !== to) throw new Error('not a letter that can be sent')
  return { to, subject, text }
}
