import { parseAuthority, parseHost, parsePort, type HostPort } from '../../address.ts'
import { show, type Fault } from '../../schema.ts'

/** What a rule leads to; `text` is how it stands in the file. */
export type OriginService =
  | TcpService
  | { readonly kind: 'unix'; readonly text: string; readonly path: string }
  /** Nothing is dialled: a stream is answered with this status. */
  | { readonly kind: 'status'; readonly text: string; readonly status: number }
  /** The gateway names what to dial, and the rule's `ipRules` say whether it may. */
  | { readonly kind: 'bastion'; readonly text: string }
  /** The program at the other end names it, by SOCKS; `ipRules` say whether it may. */
  | { readonly kind: 'socks-proxy'; readonly text: string }

export interface TcpService {
  readonly kind: 'tcp'
  readonly text: string
  readonly target: HostPort
}

/**
 * The port where none is written (reference: cloudflared's `origin_service.go`). What is behind it speaks
 * whatever it likes: the scheme is a name for the port and nothing else.
 */
const defaultPorts: Readonly<Record<string, number>> = { tcp: 7864, ssh: 22, rdp: 3389, smb: 445 }

const forms =
  'a service such as tcp://localhost:5432, ssh://localhost, unix:/run/app.sock, http_status:404, bastion or socks-proxy'

/** What cloudflared serves and a connector here does not: these carry requests, not bytes. */
const requestSchemes: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss'])

/** Parses a rule's `service`. */
export function parseService(text: string): OriginService | Fault {
  if (text === 'bastion' || text === 'socks-proxy') return { kind: text, text }
  if (text === 'hello_world' || text === 'hello-world') {
    return { fault: `"${text}" is not served: there is no page of this program's own` }
  }
  if (text.startsWith('unix:')) return parseUnix(text)
  if (text.startsWith('unix+tls:')) {
    return {
      fault: `${show(text)} is not served: it stands for HTTP`,
      hint: 'write "unix:PATH" to carry bytes to the socket as they are',
    }
  }
  return text.startsWith('http_status:') ? parseStatus(text) : parseUrl(text)
}

function parseUnix(text: string): OriginService | Fault {
  const path = text.slice('unix:'.length)
  const isUsable = path.startsWith('/') && !path.includes('\0')
  return isUsable
    ? { kind: 'unix', text, path }
    : { fault: `must be unix: and an absolute path, not ${show(text)}` }
}

function parseStatus(text: string): OriginService | Fault {
  const digits = text.slice('http_status:'.length)
  return /^[1-9]\d\d$/.test(digits)
    ? { kind: 'status', text, status: Number(digits) }
    : { fault: `must be http_status: and a number of 100 to 999, not ${show(text)}` }
}

function parseUrl(text: string): OriginService | Fault {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? []
  const [, hostAndPort = '', behind = ''] = /^([^/?#]*)(.*)$/.exec(rest) ?? []
  if (scheme === '') {
    const hint = parseAuthority(text) && `write "tcp://${text}"`
    return { fault: `must be ${forms}, not ${show(text)}`, ...(hint && { hint }) }
  }
  const name = scheme.toLowerCase()
  if (requestSchemes.has(name)) return notBytes(text, name, hostAndPort)
  if (behind !== '') return { fault: `must end with its port, not ${show(behind)}` }
  return parseTarget(text, name, hostAndPort)
}

function notBytes(text: string, scheme: string, hostAndPort: string): Fault {
  const isSecure = scheme === 'https' || scheme === 'wss'
  const authority = /:\d+$/.test(hostAndPort)
    ? hostAndPort
    : `${hostAndPort}:${isSecure ? 443 : 80}`
  return {
    fault: `${show(text)} is not served: a connector carries bytes, not requests`,
    hint: `write "tcp://${authority}" to carry its bytes as they are`,
  }
}

function parseTarget(text: string, scheme: string, hostAndPort: string): OriginService | Fault {
  const [, hostText = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(hostAndPort) ?? []
  const host = parseHost(hostText)
  const port = portText === undefined ? defaultPorts[scheme] : parsePort(portText)
  if (host === undefined) return { fault: `must be ${forms}, not ${show(text)}` }
  if (port !== undefined) return { kind: 'tcp', text, target: { host, port } }
  return portText === undefined
    ? { fault: `must name a port, and ${show(text)} does not`, hint: `write "${text}:PORT"` }
    : { fault: `must have a port of 1 to 65535, not ${show(portText)}` }
}
