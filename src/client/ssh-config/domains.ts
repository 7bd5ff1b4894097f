import { isIP } from 'node:net'
import { parse } from 'tldts'
import { parseHost, withoutRootDot } from '../../address.ts'
import { SystemError } from '../../errors.ts'

/** Whether a gateway has a say in how this machine reaches a host. */
export type IsOfGateway = (host: string) => boolean

/**
 * What a gateway may write into a configuration of OpenSSH: its own host, what is below it, and what is
 * below its parent, as with `gateway.example.com` and `db.example.com`. Nothing else, or a gateway that
 * means harm takes over `ssh github.com`. A parent below which anybody gets a name is none (`com`,
 * `github.io`: https://publicsuffix.org), nor is one of a single label, and an address has no parent.
 *
 * @param gatewayHost lower case, IPv6 without brackets
 * @param domains what the person adds, as `parseDomain` answers it
 */
export function hostsOf(gatewayHost: string, domains: readonly string[]): IsOfGateway {
  const own = withoutRootDot(gatewayHost)
  const parent = own.slice(own.indexOf('.') + 1)
  const hasParent = isIP(own) === 0 && parent !== own && parent.includes('.')
  const whole = [own, ...domains]
  const bases = hasParent ? [...whole, parent] : whole
  return (text) => {
    const host = withoutRootDot(text)
    return whole.includes(host) || bases.some((base) => isBelow(host, base))
  }
}

/**
 * Reads a domain or address that a person adds, in lower case and without brackets.
 *
 * @throws SystemError `invalid-domain`
 */
export function parseDomain(text: string): string {
  const domain = parseHost(text) ?? parseHost(`[${text}]`)
  if (domain === undefined) {
    throw new SystemError('invalid-domain', `"${text}" is not a domain`, {
      hint: 'write a name such as "--domain lab.example.com"; it stands for all names below it, too',
    })
  }
  if (isIP(domain) === 0 && isListed(domain) && suffixOf(domain) === domain) {
    throw new SystemError(
      'invalid-domain',
      `below "${domain}" anybody can have a name: it is a public suffix`,
      { hint: `name your own below it, such as "--domain example.${domain}"` },
    )
  }
  return domain
}

/** Below a base without a public suffix in between: a name below `github.io` belongs to somebody else. */
function isBelow(host: string, base: string): boolean {
  if (isIP(host) !== 0 || !host.endsWith(`.${base}`)) return false
  return !isListed(host) || suffixOf(host).length < base.length
}

/** The longest public suffix of a host; its last label when it is on no list. */
function suffixOf(host: string): string {
  return look(host).publicSuffix ?? ''
}

function isListed(host: string): boolean {
  const { isIcann, isPrivate } = look(host)
  return isIcann === true || isPrivate === true
}

/** Private ones too: below `github.io` each name is another's. The host is parsed already. */
function look(host: string): ReturnType<typeof parse> {
  return parse(host, { allowPrivateDomains: true, extractHostname: false, validateHostname: false })
}
