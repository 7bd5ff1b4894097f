import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '../clock.ts'
import { UpstreamError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { dial } from '../net/dial.ts'
import type { GatewayAddress } from './destination.ts'
import { allAuthorities, firstAuthorities, type Trust } from './trust.ts'
import type { ProxyVariables } from './proxy.ts'
import { isUnknownIssuer, tlsError } from './tls-error.ts'
import { handshake } from './tls-handshake.ts'
import { withSecondTry } from './second-try.ts'

export type Alpn = 'h2' | 'http/1.1'

/** A connection to the gateway and what is to be spoken on it. */
export interface GatewayConnection {
  readonly socket: Socket
  readonly protocol: Alpn
}

/** Which gateway, and how it is reached. */
export interface ReachOptions {
  readonly gateway: GatewayAddress
  readonly trust: Trust
  /** What names a proxy. **Default:** none is used */
  readonly proxies?: ProxyVariables | undefined
  readonly log?: Logger | undefined
}

export interface GatewayDialer {
  readonly gateway: GatewayAddress
  /**
   * Connects to the gateway, through a proxy where one is named for it, TLS included.
   *
   * @throws UpstreamError `gateway-unreachable`, `gateway-not-trusted` or `proxy-…`; SystemError
   * `invalid-proxy`
   */
  open(protocols: readonly Alpn[], signal?: AbortSignal): Promise<GatewayConnection>
}

/** Makes connections to one gateway, and remembers which authorities its certificate needs. */
export function createDialer(options: ReachOptions): GatewayDialer {
  const { gateway, trust } = options
  let authorities = firstAuthorities(trust)
  let areAll = !trust.isVerified

  async function openTls(protocols: readonly Alpn[], signal?: AbortSignal): Promise<TLSSocket> {
    const raw = await dialGateway(options, signal)
    try {
      return await handshake(raw, { peer: gateway, trust, authorities, protocols, signal })
    } catch (error) {
      if (areAll || !isUnknownIssuer(error)) throw tlsError(gateway, error)
      authorities = allAuthorities(trust)
      areAll = true
      return openTls(protocols, signal)
    }
  }

  async function open(protocols: readonly Alpn[], signal: AbortSignal): Promise<GatewayConnection> {
    if (!gateway.isTls) {
      return { socket: await dialGateway(options, signal), protocol: 'http/1.1' }
    }
    const socket = await openTls(protocols, signal)
    return { socket, protocol: socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1' }
  }

  return {
    gateway,
    open: (protocols, signal) =>
      withSecondTry({
        begin: (either) => open(protocols, either),
        discard: ({ socket }) => socket.destroy(),
        clock: systemClock,
        signal,
      }),
  }
}

/** Every connection to the gateway begins here: tunnels' and those of a sign-in. */
async function dialGateway(options: ReachOptions, signal?: AbortSignal): Promise<Socket> {
  const { gateway, proxies = {} } = options
  if (namesProxy(proxies)) {
    // Only now: most people have none.
    const { findProxy, dialThroughProxy } = await import('./proxy.ts')
    const proxy = findProxy(gateway, proxies)
    if (proxy !== undefined) return dialThroughProxy(proxy, { ...options, signal })
  }
  try {
    return await dial({ host: gateway.host, port: gateway.port }, { signal })
  } catch (error) {
    throw new UpstreamError('gateway-unreachable', `the gateway ${messageOf(error)}`, {
      cause: error,
      hint: 'check the network and the name; "--gateway URL" names a gateway that is not at the destination\'s own host',
    })
  }
}

/** Whether one of them names a proxy, be it for this gateway or not. */
function namesProxy(proxies: ProxyVariables): boolean {
  return Object.entries(proxies).some(
    ([name, value]) => value && /^(?:https?|all)_proxy$/i.test(name),
  )
}
