import { formatAuthority, isLoopbackHost } from '../address.ts'
import { PeerError, UpstreamError } from '../errors.ts'
import type { GatewayAddress } from './destination.ts'
import type { Heard } from './hear.ts'

/** Who answers where a gateway was looked for. */
export type Answerer =
  /** A gateway of ours, or a stock Pomerium, which clients may use as well. */
  { readonly kind: 'postern' | 'pomerium' } | Heard

/** What to tell of somebody who is reached, and is no gateway. */
export function noGateway({ origin }: GatewayAddress, answerer: Answerer): PeerError | undefined {
  if (answerer.kind === 'http') {
    const { status } = answerer
    return new PeerError('not-a-gateway', `"${origin}" is no gateway: ${nameOf(answerer)}`, {
      hint: isAway(status)
        ? 'something before the gateway answers, and cannot reach it now: try again, or tell whoever runs it'
        : addressHint,
    })
  }
  if (answerer.kind === 'words') {
    return new PeerError('not-a-gateway', `"${origin}" is no gateway: ${nameOf(answerer)}`, {
      hint: addressHint,
    })
  }
  return undefined
}

const addressHint = 'check the name and the port of the gateway: the port is usually 443'

/** By these an edge says that it passes requests on, and reaches nobody now. */
function isAway(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

/** What to tell of somebody who speaks no TLS where a gateway's TLS was expected. */
export function withoutTls(gateway: GatewayAddress, heard: Heard, cause: unknown): UpstreamError {
  const peer = formatAuthority(gateway)
  const name = nameOf(heard)
  const said = name === undefined ? '' : `: ${name}`
  const plain =
    heard.kind === 'http' && isLoopbackHost(gateway.host)
      ? `; a gateway of this machine without TLS is "http://${peer}"`
      : ''
  const place =
    heard.kind === 'words' && heard.protocol !== undefined
      ? ', and a service behind the gateway is named as the destination'
      : ''
  return new UpstreamError(
    'gateway-unreachable',
    `the gateway "${peer}" does not speak TLS${said}`,
    {
      hint: `check the port; the gateway's is usually 443${plain}${place}`,
      cause,
    },
  )
}

/** Who answers, as the end of a sentence; undefined for somebody who says nothing. */
export function nameOf(heard: Answerer): string | undefined {
  if (heard.kind === 'http') {
    const { status, server, title } = heard
    const named = [server, title].filter((text) => text !== '').map((text) => `"${text}"`)
    const name = named.length === 0 ? '' : ` (${named.join(', ')})`
    return `a web server${name} answers there with status ${status}`
  }
  if (heard.kind !== 'words') return undefined
  const { protocol, text } = heard
  const quoted = text === '' ? '' : ` ("${text}")`
  const who =
    protocol === undefined
      ? 'something that is no web server'
      : `${spelled.has(protocol) ? 'an' : 'a'} ${protocol} server`
  return `${who} answers there${quoted}`
}

/** Those whose first letter is spoken as its name, with a vowel. */
const spelled: ReadonlySet<string> = new Set(['SSH', 'SMTP', 'FTP', 'IMAP'])
