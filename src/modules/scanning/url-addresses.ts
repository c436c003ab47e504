import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

const globalV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]
// Within the addresses that are given out, those that stand for others or for nobody: 2001::/23 has Teredo, 2002::/16 is 6to4.
const notGlobalV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '2620:4f:8000::/48'].map(
  (range) => ipaddr.parseCIDR(range) as [ipaddr.IPv6, number],
)

/** Whether anyone on the internet reaches the same machine there. What is not known to be so is not. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false
  const parsed = ipaddr.parse(address)
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast'
  return parsed.range() === 'unicast' && parsed.match(globalV6) && !notGlobalV6.some((range) => parsed.match(range))
}

/** What may be looked at: a port, a path, and a host by name or by a public address. */
export interface Target {
  url: URL
  secure: boolean
  port: 80 | 443
  /** Without the brackets of IPv6. */
  host: string
}

const urlLength = 2048

/** Where a URL leads, if it may be looked at; why it may not, otherwise. Numbers of every notation are read as browsers read them. */
export function targetOf(
  given: string,
  base?: URL,
): Target | 'malformed' | 'credentials' | 'scheme' | 'port' | 'address' {
  if (given.length > urlLength || !URL.canParse(given, base)) return 'malformed'
  const url = new URL(given, base)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'scheme'
  if (url.username !== '' || url.password !== '') return 'credentials'
  const secure = url.protocol === 'https:'
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  if (port !== 80 && port !== 443) return 'port'
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (host === '') return 'malformed'
  // A name without a dot is one of this network.
  if (isIP(host) === 0 ? !host.includes('.') : !isPublicAddress(host)) return 'address'
  return { url, secure, port, host }
}
