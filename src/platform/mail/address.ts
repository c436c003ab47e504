import { domainToASCII } from 'node:url'
import { BadUserInputError } from '../errors.ts'

/** RFC 5321 §4.5.3.1, with the brackets that a path has around it. */
const longest = 254
const longestLocal = 64
/** What RFC 5322 calls a dot-atom: no quotes, no comments, nothing that a header could be ended with. */
const localShape = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domainShape = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/

/**
 * An address that mail can be sent to, as it is kept: as it was given, its domain in lower case and in ASCII. Refuses what
 * only a few servers take: quoted names, names in other scripts, bare hosts and numbers.
 */
export function checkedEmail(value: string, field = 'email'): string {
  const refused = () => new BadUserInputError(`\`${field}\` is an e-mail address, like name@example.org.`, field)
  // Before anything that takes time by length.
  if (value.length > 2 * longest) throw refused()
  const given = value.trim()
  const at = given.lastIndexOf('@')
  const [local, domain] = [given.slice(0, Math.max(0, at)), asciiDomain(given.slice(at + 1))]
  if (local.length > longestLocal || !localShape.test(local) || !domainShape.test(domain)) throw refused()
  const address = `${local}@${domain}`
  if (address.length > longest) throw refused()
  return address
}

export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)

/** Empty for what is no domain. */
function asciiDomain(domain: string): string {
  // A host as URLs have it may be written in percents, which no address may.
  return /[\s%/\\?#@:[\]]/.test(domain) ? '' : domainToASCII(domain)
}
