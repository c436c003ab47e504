import { DomainError } from '../../platform/errors.ts'

/** Only who has an address of a campus may say that it is theirs. */
export class CampusNotYoursError extends DomainError {
  readonly emailDomain: string
  constructor(emailDomain: string) {
    super('FORBIDDEN', `This campus asks for a verified e-mail address of ${emailDomain}.`, { field: 'campusId' })
    this.emailDomain = emailDomain
  }
}

export type MailedTokenFault = 'UNKNOWN' | 'USED' | 'EXPIRED'

const faults: Record<MailedTokenFault, string> = {
  UNKNOWN: 'This token is not known: it may have been replaced by a newer one.',
  USED: 'This token was used before.',
  EXPIRED: 'This token has expired. Ask for a new one.',
}

export class MailedTokenError extends DomainError {
  readonly reason: MailedTokenFault
  constructor(reason: MailedTokenFault) {
    super('BAD_USER_INPUT', faults[reason], { field: 'token' })
    this.reason = reason
  }
}

/** Told to nobody who has not shown that the address is theirs. */
export class EmailTakenError extends DomainError {
  constructor() {
    super('CONFLICT', 'Another account has verified this e-mail address.')
  }
}

export class AccountOnHoldError extends DomainError {
  constructor() {
    super('CONFLICT', 'The account has to be kept for now, and cannot be deleted.')
  }
}
