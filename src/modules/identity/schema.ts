import { z } from 'zod'
import { builder } from '../../graphql/builder.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { UnauthenticatedError } from '../../platform/errors.ts'
import {
  type Account,
  type Device,
  type DeviceCredentials,
  DeviceRevokedError,
  type ErasureRequest,
  type Role,
  type Viewer,
} from './index.ts'

builder.objectType(DeviceRevokedError, {
  name: 'DeviceRevokedError',
  description: 'The device was revoked and gets no token any more. Register as a new one, with a new client id.',
  interfaces: [ErrorInterface],
})

const RoleEnum = builder.enumType('Role', {
  description: 'What an account may do beyond what everybody may.',
  values: {
    USER: { description: 'Nothing beyond.' },
    ORGANIZER: { description: 'Puts venues and events on the map.' },
    MODERATOR: { description: 'Decides on reports.' },
    ADMIN: { description: 'Reads statistics, revokes devices and accounts, changes signing keys.' },
  } satisfies Record<Role, { description: string }>,
})

export const DeviceType = builder.objectRef<Device>('Device')

builder.node(DeviceType, {
  description: 'An anonymous installation. Seen by itself, and by ADMIN; it tells nothing of its person.',
  fields: (t) => ({
    registeredAt: t.expose('registeredAt', { type: 'DateTime', description: 'When it registered.' }),
    renewedAt: t.expose('renewedAt', { type: 'DateTime', description: 'When it was last given a token.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when none of its tokens counts any more; null while they do.',
    }),
  }),
  id: { resolve: ({ id }) => id },
  isTypeOf: (value) => typeof value === 'object' && value !== null && 'registeredAt' in value && 'renewedAt' in value,
  loadMany: async (ids, { services, viewer }) => {
    const found = await services.identity.devices(viewer, ids)
    return ids.map((id) => found.get(id) ?? null)
  },
})

export const AccountType = builder.objectRef<Account>('Account').implement({
  description: 'A person who signs in. Seen by itself, and by ADMIN.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Names the account; what `revokeAccount` takes.' }),
    username: t.exposeString('username', { description: 'What it signs in with.' }),
    roles: t.expose('roles', { type: [RoleEnum], description: 'What it may do.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when none of its tokens counts any more; null while they do.',
    }),
  }),
})

const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
  description: 'Whoever makes this request, as its token says.',
  fields: (t) => ({
    deviceId: t.globalID({
      nullable: true,
      description: 'The device; null for an account that is not on one. `node(id:)` gives more of it.',
      resolve: ({ deviceId }) => (deviceId === null ? null : { type: 'Device', id: deviceId }),
    }),
    account: t.field({
      type: AccountType,
      nullable: true,
      description: 'The account; null for a device on which nobody has signed in.',
      resolve: (viewer, _args, { services }) => services.identity.account(viewer),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    nullable: true,
    description: 'Who you are; null without a token. The cheapest way to find out whether a token is still good.',
    resolve: (_root, _args, { viewer }) => viewer,
  }),
)

const clientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/, 'A clientId is 8 to 64 characters out of A–Z, a–z, 0–9, _ and -.')

const RegisterDeviceInput = builder.inputType('RegisterDeviceInput', {
  description: 'What a new device is made of: nothing that tells who you are.',
  fields: (t) => ({
    clientId: t.string({
      required: false,
      validate: clientId,
      description:
        'Made by the client at random, 8 to 64 characters out of `A–Z a–z 0–9 _ -`. The same one again, from the same address and within ten minutes, gives the same device: send it again when an answer got lost. Not kept.',
    }),
  }),
})
const RevokeDeviceInput = builder.inputType('RevokeDeviceInput', {
  description: 'Which device to revoke.',
  fields: (t) => ({
    deviceId: t.globalID({
      for: DeviceType,
      required: false,
      description: 'Without it, your own. Another one only as ADMIN.',
    }),
  }),
})
const RevokeAccountInput = builder.inputType('RevokeAccountInput', {
  description: 'Which account to revoke.',
  fields: (t) => ({ accountId: t.id({ required: true, description: 'The `id` of the `Account`.' }) }),
})

const credentials = (name: string, description: string) =>
  builder.objectRef<{ device: Device } & Pick<DeviceCredentials, 'token' | 'expiresAt'>>(name).implement({
    description,
    fields: (t) => ({
      device: t.expose('device', { type: DeviceType, description: 'The device.' }),
      token: t.exposeString('token', {
        description:
          'Its bearer token: `Authorization: Bearer …` over HTTP, `{ authorization: "Bearer …" }` in `connection_init`. Keep it where other apps cannot read it.',
      }),
      expiresAt: t.expose('expiresAt', {
        type: 'DateTime',
        description: 'When the token ends. Call `renewDevice` before; a day earlier is early enough.',
      }),
    }),
  })
const RegisterDevicePayload = credentials(
  'RegisterDevicePayload',
  'The new device, or the one that this client id has just registered.',
)
const RenewDevicePayload = credentials('RenewDevicePayload', 'The same device with a new token.')
const RevokeDevicePayload = builder.objectRef<{ device: Device }>('RevokeDevicePayload').implement({
  description: 'The device is revoked.',
  fields: (t) => ({ device: t.expose('device', { type: DeviceType, description: 'The device, with `revokedAt`.' }) }),
})
const DeleteDevicePayload = builder.objectRef<ErasureRequest>('DeleteDevicePayload').implement({
  description: 'The device is revoked, and is being erased.',
  fields: (t) => ({
    erasureId: t.exposeID('erasureId', { description: 'Names the proof that is kept: it says when, and not who.' }),
    requestedAt: t.expose('requestedAt', { type: 'DateTime', description: 'Since when.' }),
  }),
})
const RevokeAccountPayload = builder.objectRef<{ account: Account }>('RevokeAccountPayload').implement({
  description: 'The account is revoked.',
  fields: (t) => ({
    account: t.expose('account', { type: AccountType, description: 'The account, with `revokedAt`.' }),
  }),
})
const RotateSigningKeysPayload = builder.objectRef<{ kid: string }>('RotateSigningKeysPayload').implement({
  description: 'The next signing key is made.',
  fields: (t) => ({
    kid: t.exposeString('kid', {
      description: 'Its name, in `/.well-known/jwks.json` from now on and in new tokens from two minutes on.',
    }),
  }),
})

/** A field of the device itself is reached with the device's own token only. */
function signedIn(viewer: Viewer | null): Viewer {
  if (!viewer) throw new UnauthenticatedError()
  return viewer
}

builder.mutationFields((t) => ({
  registerDevice: t.field({
    type: RegisterDevicePayload,
    nullable: true,
    errors: {
      types: [DeviceRevokedError],
      union: { name: 'RegisterDeviceResult', description: 'What `registerDevice` answers.' },
    },
    args: { input: t.arg({ type: RegisterDeviceInput, required: true, description: 'The wish.' }) },
    description: 'Makes an anonymous device. Needs no token. At most 10 a minute and 100 an hour from one address.',
    resolve: (_root, { input }, { services, address }) =>
      services.identity.registerDevice({ clientId: input.clientId ?? null, address }),
  }),
  renewDevice: t.field({
    type: RenewDevicePayload,
    nullable: true,
    authScopes: { device: true },
    errors: {
      types: [DeviceRevokedError],
      union: { name: 'RenewDeviceResult', description: 'What `renewDevice` answers.' },
    },
    description:
      'Gives this device a new token with a full life. The old one stays good until its own end. At most 30 an hour.',
    resolve: (_root, _args, { services, viewer }) => services.identity.renewDevice(signedIn(viewer)),
  }),
  revokeDevice: t.field({
    type: RevokeDevicePayload,
    nullable: true,
    authScopes: { $any: { device: true, admin: true } },
    errors: { types: [], union: { name: 'RevokeDeviceResult', description: 'What `revokeDevice` answers.' } },
    args: { input: t.arg({ type: RevokeDeviceInput, required: true, description: 'Which one.' }) },
    description:
      'Ends every token of a device for good and cuts its sockets with 4410, everywhere within a second. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      device: await services.identity.revokeDevice(signedIn(viewer), input.deviceId?.id),
    }),
  }),
  deleteDevice: t.field({
    type: DeleteDevicePayload,
    nullable: true,
    authScopes: { device: true },
    errors: { types: [], union: { name: 'DeleteDeviceResult', description: 'What `deleteDevice` answers.' } },
    description:
      'Erases this device and all it left, also in what belongs to others: presence, session, matches, activities, joins, messages, blocks, settings. Its token ends at once, its sockets are cut with 4410, and a few seconds later nothing is left but proof. For good.',
    resolve: (_root, _args, { services, viewer }) => services.identity.deleteDevice(signedIn(viewer)),
  }),
  revokeAccount: t.field({
    type: RevokeAccountPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'RevokeAccountResult', description: 'What `revokeAccount` answers.' } },
    args: { input: t.arg({ type: RevokeAccountInput, required: true, description: 'Which one.' }) },
    description:
      'Ends every token of an account for good and cuts its sockets with 4410, for ADMIN. Repeating it is safe.',
    resolve: async (_root, { input }, { services, viewer }) => ({
      account: await services.identity.revokeAccount(signedIn(viewer), String(input.accountId)),
    }),
  }),
  rotateSigningKeys: t.field({
    type: RotateSigningKeysPayload,
    nullable: true,
    authScopes: { admin: true },
    errors: { types: [], union: { name: 'RotateSigningKeysResult', description: 'What `rotateSigningKeys` answers.' } },
    description:
      'Makes the next signing key, for ADMIN. Nobody is logged out: old tokens count until their own end. Asked again within two minutes it gives the same key.',
    resolve: async (_root, _args, { services }) => ({ kid: await services.identity.rotateSigningKey() }),
  }),
}))
