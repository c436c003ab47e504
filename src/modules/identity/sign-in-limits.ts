import type { Limit } from '../../platform/rate-limit.ts'

const minuteMs = 60 * 1000

export const signInLimits = {
  register: { name: 'register', count: 20, windowMs: 60 * minuteMs },
  loginByAddress: { name: 'login', count: 12, windowMs: minuteMs },
  loginByAccount: { name: 'login-to', count: 12, windowMs: minuteMs },
  /** By address and signing-in. */
  refresh: { name: 'refresh', count: 30, windowMs: minuteMs },
  logout: { name: 'logout', count: 30, windowMs: minuteMs },
  /** Whatever else asks for the password of whoever is signed in. */
  checkPassword: { name: 'check-password', count: 5, windowMs: minuteMs },
  changePassword: { name: 'change-password', count: 5, windowMs: minuteMs },
} satisfies Record<string, Limit>
