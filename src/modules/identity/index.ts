export { DeviceRevokedError } from './errors.ts'
export { createIdentityService, type DeviceCredentials, type IdentityService } from './service.ts'
export type { Account, Device, ErasureRequest } from './store.ts'
export type { Role, Viewer } from './viewer.ts'
