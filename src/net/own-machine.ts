import { BlockList, isIP } from 'node:net'
import { embeddedIPv4 } from './embedded-ipv4.ts'

/** Loopback, and what connects to it: Linux takes the unspecified addresses for this machine (RFC 1122 3.2.1.3). */
const own = new BlockList()
own.addSubnet('127.0.0.0', 8, 'ipv4')
own.addSubnet('0.0.0.0', 8, 'ipv4')
own.addAddress('::1', 'ipv6')
own.addAddress('::', 'ipv6')

/**
 * Whether a host is this machine by itself: a loopback address, in whichever form, or a name that leads to one
 * everywhere (RFC 6761 section 6.3). What other names lead to nobody knows before they are looked up.
 */
export function isOwnMachine(host: string): boolean {
  const plain = host.replace(/%.*$/, '').replace(/^\[(.*)\]$/, '$1')
  const name = plain.toLowerCase().replace(/\.$/, '')
  if (name === 'localhost' || name.endsWith('.localhost')) return true
  if (isIP(plain) === 4) return own.check(plain, 'ipv4')
  if (isIP(plain) !== 6) return false
  return own.check(plain, 'ipv6') || embeddedIPv4(plain).some((it) => own.check(it, 'ipv4'))
}
