import { BlockList, isIP, isIPv6 } from 'node:net'
import { bracketed, type HostPort } from '../address.ts'

/**
 * Whether a value of `NO_PROXY` exempts a host, as curl reads it: names with all beneath them, IP
 * addresses with or without brackets, CIDR blocks, each but a block with a port or without. What begins
 * with a dot or a star is the end of a name, as most programs have it, and a star alone exempts all.
 * Names are not looked up.
 */
export function isExempt(list: string, target: HostPort): boolean {
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => covers(entry, target))
}

function covers(entry: string, { host, port }: HostPort): boolean {
  const block = /^(.+)\/(\d{1,3})$/.exec(entry)
  if (block !== null) return isInBlock(host, withoutBrackets(block[1] ?? ''), Number(block[2]))
  const withPort = isIPv6(entry) ? null : /^(.+):(\d+)$/.exec(entry)
  if (withPort !== null && Number(withPort[2]) !== port) return false
  const name = withoutBrackets(withPort?.[1] ?? entry)
  if (/^[.*]/.test(name) && bracketed(host).endsWith(name.replace(/^\*/, ''))) return true
  if (isIP(name)) return isInBlock(host, name, isIPv6(name) ? 128 : 32)
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '')
  return domain !== '' && (host === domain || (!isIP(host) && host.endsWith(`.${domain}`)))
}

function isInBlock(host: string, network: string, prefix: number): boolean {
  const version = isIP(network)
  if (version === 0 || isIP(host) !== version || prefix > (version === 4 ? 32 : 128)) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(network, prefix, family)
  return list.check(host, family)
}

function withoutBrackets(text: string): string {
  return /^\[.*\]$/.test(text) ? text.slice(1, -1) : text
}
