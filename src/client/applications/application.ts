import { domainToASCII } from 'node:url'
import { isIPv6 } from 'node:net'
import { bracketed, formatAuthority, parseHost, parsePort } from '../../address.ts'
import { SystemError } from '../../errors.ts'
import { parseDestination, type Destination } from '../../reach/destination.ts'

/** The port of every application: `CONNECT HOST:443`, wherever its gateway listens. */
const applicationPort = 443

/** What may stand before a host: whatever it is, the way there is HTTPS. */
const schemes = ['https', 'http', 'wss', 'ws', 'tcp', 'ssh', 'rdp', 'smb']

/**
 * Parses `--hostname`: `HOST` or `HOST:PORT`, where PORT is the gateway's; the application is `HOST:443`
 * there. A scheme before it and a slash behind it say nothing. A name of other letters than ASCII is
 * taken as browsers take it (UTS 46).
 *
 * @throws SystemError `invalid-hostname` or `invalid-gateway-url`
 */
export function parseApplication(text: string, gatewayUrl?: string): Destination {
  const [, scheme, rest = ''] = /^(?:([a-z][a-z+.-]*):\/\/)?(.*)$/is.exec(text.trim()) ?? []
  if (scheme !== undefined && !schemes.includes(scheme.toLowerCase())) {
    throw invalid(text, 'is not the host name of an application', `write "${hostOf(rest)}"`)
  }
  const [, place = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? []
  if (path !== '' && path !== '/') {
    throw invalid(text, 'names a path, and an application is a whole host', `write "${place}"`)
  }
  const found = parsePlace(place)
  if (found === undefined) {
    const hint =
      'write a host name such as "tcp.example.com", or "HOST:PORT" for a gateway elsewhere than on 443'
    throw invalid(text, 'is not the host name of an application', hint)
  }
  const { host, port } = found
  const authority = formatAuthority({ host, port: applicationPort })
  return parseDestination(authority, gatewayUrl ?? `https://${bracketed(host)}:${port}`)
}

/**
 * The application of an address with whatever path: what `login`, `token` and `curl` are given.
 *
 * @throws SystemError `invalid-hostname` or `invalid-gateway-url`
 */
export function parseApplicationUrl(text: string, gatewayUrl?: string): Destination {
  return parseApplication(text.trim().replace(/^([a-z]+:\/\/)?([^/?#]*).*$/is, '$1$2'), gatewayUrl)
}

function hostOf(rest: string): string {
  return rest.replace(/[/?#].*$/s, '') || 'tcp.example.com'
}

function parsePlace(place: string): { host: string; port: number } | undefined {
  // Without brackets, what follows the last colon could be a port as well as a part of the address.
  if (isIPv6(place)) return { host: parseHost(`[${place}]`) ?? place, port: applicationPort }
  const [, hostText = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(place) ?? []
  const host = parseHost(hostText) ?? parseHost(inAscii(hostText))
  const port = portText === undefined ? applicationPort : parsePort(portText)
  return host === undefined || port === undefined ? undefined : { host, port }
}

/** ASCII is left alone: `domainToASCII` drops line feeds and makes an address of `1.2.3`. */
function inAscii(host: string): string {
  return /\P{ASCII}/u.test(host) && !/[\p{Cc}\s]/u.test(host) ? domainToASCII(host) : ''
}

function invalid(text: string, what: string, hint: string): SystemError {
  return new SystemError('invalid-hostname', `"${text}" ${what}`, { hint })
}
