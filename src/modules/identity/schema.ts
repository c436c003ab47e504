import { builder } from '../../graphql/builder.ts'
import { clientId } from '../../graphql/client-id.ts'
import { ErrorInterface } from '../../graphql/interfaces.ts'
import { signedIn } from '../../graphql/person.ts'
import { AccountType } from './account-schema.ts'
import { type Device, type DeviceCredentials, DeviceRevokedError, type ErasureRequest, type Viewer } from './index.ts'

builder.objectType(DeviceRevokedError, {
  name: 'DeviceRevokedError',
  description: 'The device was revoked and gets no token any more. Register as a new one, with a new client id.',
  interfaces: [ErrorInterface],
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
const RotateSigningKeysPayload = builder.objectRef<{ kid: string }>('RotateSigningKeysPayload').implement({
  description: 'The next signing key is made.',
  fields: (t) => ({
    kid: t.exposeString('kid', {
      description: 'Its name, in `/.well-known/jwks.json` from now on and in new tokens from two minutes on.',
    }),
  }),
})

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
      'Gives this device a new token with a full life, for its own token. The old one stays good until its own end. At most 30 an hour.',
    resolve: (_root, _args, { services, viewer }) => services.identity.renewDevice(signedIn(viewer)),
  }),
  revokeDevice: t.field({
    type: RevokeDevicePayload,
    nullable: true,
    authScopes: { $any: { device: true, admin: true } },
    errors: { types: [], union: { name: 'RevokeDeviceResult', description: 'What `revokeDevice` answers.' } },
    args: { input: t.arg({ type: RevokeDeviceInput, required: true, description: 'Which one.' }) },
    description:
      'Ends every token of a device for good and cuts its sockets with 4410, everywhere within a second. Who signed in on it is signed out there. Repeating it is safe.',
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
      'For the device’s own token: erases it and all it left, also in what belongs to others: presence, session, matches, activities, joins, messages, blocks, settings. Its token ends at once, its sockets are cut with 4410, and a few seconds later nothing is left but proof. For good.',
    resolve: (_root, _args, { services, viewer }) => services.identity.deleteDevice(signedIn(viewer)),
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
