import { builder } from '../../graphql/builder.ts'
import { clientId } from '../../graphql/client-id.ts'

const usernameDescription =
  '3 to 32 characters out of `a–z 0–9 _ . -`, beginning with a letter or a digit. Capitals are made small. Not every name is allowed.'
const passwordDescription = '8 to 128 characters, in at most 512 bytes.'
const labelDescription = 'What the app calls itself in the list of signings-in, at most 40 characters: “Ada’s phone”.'
const cookieDescription =
  'For web pages: the refresh token is kept in a cookie that no script can read, and not told here. Over HTTP only.'

export const RegisterInput = builder.inputType('RegisterInput', {
  description: 'What an account is made of.',
  fields: (t) => ({
    clientId: t.string({
      required: false,
      validate: clientId,
      description:
        'Made by the client at random, 8 to 64 characters out of `A–Z a–z 0–9 _ -`. The same one again with the same input, from the same address and within ten minutes, gives the same account with new tokens: send it again when an answer got lost. Not kept.',
    }),
    username: t.string({ required: true, description: usernameDescription }),
    password: t.string({ required: true, description: passwordDescription }),
    displayName: t.string({
      required: false,
      description:
        'What others call the person, at most 64 characters. Without it, the username. Judged as in `updateProfile`.',
    }),
    email: t.string({
      required: false,
      description: 'Where to send mail. It counts once it is verified. Nobody else sees it.',
    }),
    deviceLabel: t.string({ required: false, description: labelDescription }),
    cookie: t.boolean({ required: true, defaultValue: false, description: cookieDescription }),
  }),
})
export const LoginInput = builder.inputType('LoginInput', {
  description: 'Who signs in.',
  fields: (t) => ({
    username: t.string({ required: true, description: 'The username, or an e-mail address that was verified.' }),
    password: t.string({ required: true, description: 'The password.' }),
    deviceLabel: t.string({ required: false, description: labelDescription }),
    cookie: t.boolean({ required: true, defaultValue: false, description: cookieDescription }),
  }),
})
export const RefreshInput = builder.inputType('RefreshInput', {
  description: 'By which token.',
  fields: (t) => ({
    refreshToken: t.string({
      required: false,
      description: 'The last one you were given. Without it, the one in the cookie; the next one goes there, too.',
    }),
  }),
})
export const LogoutInput = builder.inputType('LogoutInput', {
  description: 'Which signing-in to end.',
  fields: (t) => ({
    refreshToken: t.string({
      required: false,
      description: 'Any token of it. Without it, that of the cookie; without both, that of the access token.',
    }),
  }),
})
export const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'The old password and the new one.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'The password until now.' }),
    newPassword: t.string({ required: true, description: passwordDescription }),
  }),
})
export const EndSignInInput = builder.inputType('EndSignInInput', {
  description: 'Which signing-in to end.',
  fields: (t) => ({ signInId: t.id({ required: true, description: 'The `id` of the `SignIn`.' }) }),
})
