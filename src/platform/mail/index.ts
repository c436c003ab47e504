export { checkedEmail, domainOf } from './address.ts'
export { createMail } from './choose.ts'
export type { Letter, Mail } from './mail.ts'
