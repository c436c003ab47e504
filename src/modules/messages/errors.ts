import { DomainError } from '../../platform/errors.ts'

/** No more people fit. */
export class ConversationFullError extends DomainError {
  readonly limit: number
  constructor(limit: number) {
    super('CONFLICT', `A conversation has at most ${limit} members.`, { limit })
    this.limit = limit
  }
}

/** What it said is gone. */
export class MessageDeletedError extends DomainError {
  constructor() {
    super('CONFLICT', 'This message was deleted.')
  }
}
