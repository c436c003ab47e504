import { DomainError } from '../../platform/errors.ts'

/** The device was revoked before it could be given a new token. */
export class DeviceRevokedError extends DomainError {
  constructor() {
    super('SESSION_REVOKED', 'This device was revoked. Register as a new one, with a new clientId.')
  }
}
