import { DomainError } from '../../platform/errors.ts'

/** Whoever asks what is around has to be somewhere. */
export class NoPresenceError extends DomainError {
  constructor() {
    super('NOT_FOUND', 'You have no presence. Send a heartbeat first.')
  }
}

/** A fix that could be anywhere within so many metres is of no use. */
export class InaccurateFixError extends DomainError {
  readonly limitMeters = 50
  constructor() {
    super('BAD_USER_INPUT', 'A fix must be accurate to 50 metres.', { field: 'accuracyMeters' })
  }
}
