import type { Socket } from 'node:net'
import { formatAuthority, isLoopbackHost, parseHost, type HostPort } from '../address.ts'
import { SystemError, UpstreamError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { dial } from '../net/dial.ts'
import type { GatewayAddress } from './destination.ts'
import { isExempt } from './no-proxy.ts'
import { askProxy } from './proxy-connect.ts'
import { tlsError } from './tls-error.ts'
import { handshake } from './tls-handshake.ts'
import { allAuthorities, type Trust } from './trust.ts'

/**
 * What names proxies, in the form of an environment: `https_proxy`, `http_proxy`, `all_proxy` and
 * `no_proxy`, in lower or upper case; `--proxy`, which no environment has, is one for everything. Everything else
 * is left alone.
 */
export type ProxyVariables = Readonly<Record<string, string | undefined>>

/** The proxy that is to be used for a gateway. */
export interface Proxy extends HostPort {
  readonly isTls: boolean
  /** Value of `Proxy-Authorization`; undefined without a user. A secret. */
  readonly authorization: string | undefined
  /** The variable that named it. */
  readonly variable: string
}

/**
 * The proxy for a gateway by `https_proxy` (`http_proxy` for one without TLS), `all_proxy` and
 * `no_proxy`, lower case before upper; undefined when there is none. A value without a scheme is
 * `http://`, as curl has it. A package that does this reads the environment of the process by itself;
 * whoever serves several gateways in one process hands the variables in.
 *
 * @throws SystemError `invalid-proxy`, which never shows the value: it may hold a password
 */
export function findProxy(gateway: GatewayAddress, variables: ProxyVariables): Proxy | undefined {
  const variable = variableFor(gateway, variables)
  if (variable === undefined) return undefined
  if (
    variable !== givenProxy &&
    isExempt(variables['no_proxy'] || variables['NO_PROXY'] || '', gateway)
  )
    return undefined
  const value = variables[variable] ?? ''
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const host = parseHost(url?.hostname ?? '')
  if (url === undefined || host === undefined)
    throw invalid(variable, 'is not the address of a proxy')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid(variable, `names a proxy of the kind "${url.protocol.slice(0, -1)}"`)
  }
  const isTls = url.protocol === 'https:'
  const port = Number(url.port) || (isTls ? 443 : 80)
  return { host, port, isTls, authorization: authorizationOf(url, variable), variable }
}

/** A proxy that is given by hand: what the environment exempts is exempt from its own. */
const givenProxy = '--proxy'

function isGiven({ variable }: Proxy): boolean {
  return variable === givenProxy
}

function variableFor({ isTls }: GatewayAddress, variables: ProxyVariables): string | undefined {
  const named = [isTls ? 'https_proxy' : 'http_proxy', 'all_proxy']
  return [givenProxy, ...named.flatMap((name) => [name, name.toUpperCase()])].find(
    (name) => variables[name],
  )
}

export interface ProxyDialOptions {
  readonly gateway: GatewayAddress
  readonly trust: Trust
  readonly log?: Logger | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Opens a connection to the gateway through a proxy; what the gateway says on it is unread.
 *
 * @throws UpstreamError `proxy-unreachable`, `proxy-not-trusted` or `proxy-refused`
 */
export async function dialThroughProxy(
  proxy: Proxy,
  { gateway, trust, log, signal }: ProxyDialOptions,
): Promise<Socket> {
  const name = formatAuthority(proxy)
  log?.debug(`using the proxy "${name}" of ${proxy.variable}`)
  const socket = await connect(proxy, trust, signal)
  const answer = await askProxy(
    socket,
    formatAuthority(gateway),
    proxy.authorization,
    signal,
  ).catch((cause: unknown) => {
    throw new UpstreamError('proxy-unreachable', `the proxy "${name}" ${messageOf(cause)}`, {
      cause,
      hint: `it is named by ${proxy.variable}: check that an HTTP proxy listens there`,
    })
  })
  if (answer.socket !== undefined) return answer.socket
  throw refused(proxy, gateway, answer.status)
}

async function connect(proxy: Proxy, trust: Trust, signal?: AbortSignal): Promise<Socket> {
  let raw: Socket
  try {
    raw = await dial({ host: proxy.host, port: proxy.port }, { signal })
  } catch (error) {
    throw new UpstreamError('proxy-unreachable', `the proxy ${messageOf(error)}`, {
      cause: error,
      hint: isGiven(proxy)
        ? 'leave "--proxy" out where the gateway can be reached directly'
        : `it is named by ${proxy.variable}; NO_PROXY names the hosts that are reached without it`,
    })
  }
  if (!proxy.isTls) return raw
  try {
    return await handshake(raw, {
      peer: proxy,
      // Always verified, whatever the gateway is trusted with: it is sent a password.
      trust: { isVerified: true, clientCertificate: undefined },
      authorities: allAuthorities(trust),
      protocols: ['http/1.1'],
      signal,
    })
  } catch (error) {
    throw tlsError(proxy, error, 'proxy')
  }
}

const refusals: Readonly<Record<number, string>> = {
  403: 'does not allow a connection to',
  405: 'does not allow a connection to',
  502: 'cannot reach',
  503: 'cannot reach',
  504: 'cannot reach',
}

function refused(proxy: Proxy, gateway: GatewayAddress, status: number): UpstreamError {
  const [name, target] = [formatAuthority(proxy), formatAuthority(gateway)]
  if (status === 407) {
    return new UpstreamError('proxy-refused', ...signInWords(proxy, name))
  }
  const what = refusals[status] ?? 'gave no connection to'
  return new UpstreamError(
    'proxy-refused',
    `the proxy "${name}" ${what} "${target}" (status ${status})`,
    {
      hint: isLoopbackHost(gateway.host)
        ? `a proxy has a "${gateway.host}" of its own: ${withoutProxy(proxy, gateway)}`
        : `ask whoever runs the proxy to allow it, or ${withoutProxy(proxy, gateway)} if it can be reached directly`,
    },
  )
}

function withoutProxy(proxy: Proxy, { host }: GatewayAddress): string {
  return isGiven(proxy) ? 'leave "--proxy" out' : `put "${host}" into NO_PROXY`
}

function signInWords(proxy: Proxy, name: string): [message: string, details: { hint: string }] {
  const { authorization, variable } = proxy
  // Not into the command line, which every user of the machine can read.
  const place = isGiven(proxy) ? 'HTTPS_PROXY' : variable
  return authorization === undefined
    ? [
        `the proxy "${name}" asks for a sign-in (status 407)`,
        { hint: `put user and password into ${place}: "http://USER:PASSWORD@${name}"` },
      ]
    : [
        `the proxy "${name}" does not accept the user and password of ${variable} (status 407)`,
        {
          hint: 'only "Basic" is supported; characters such as "@" and ":" are written "%40" and "%3A"',
        },
      ]
}

/** RFC 7617: user and password as UTF-8. */
function authorizationOf({ username, password }: URL, variable: string): string | undefined {
  if (username === '' && password === '') return undefined
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(pair).toString('base64')}`
  } catch {
    throw invalid(variable, 'has a user or password with a "%" that is no escape')
  }
}

function invalid(variable: string, what: string): SystemError {
  return new SystemError('invalid-proxy', `${variable} ${what}`, {
    hint: 'write "http://HOST:PORT" or "https://HOST:PORT", with "USER:PASSWORD@" where the proxy asks for one; SOCKS is not supported',
  })
}
