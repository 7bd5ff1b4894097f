import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '../clock.ts'
import { AppError, SystemError, UpstreamError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { dial, type LookUpAll } from '../net/dial.ts'
import { isNotTls, isProtocolRefused, isVersionRefused } from '../net/runtime.ts'
import type { GatewayAddress } from './destination.ts'
import { allAuthorities, firstAuthorities, type Trust } from './trust.ts'
import type { ProxyVariables } from './proxy.ts'
import { isUnknownIssuer, protocolUnknown, tlsError, versionTooOld } from './tls-error.ts'
import { handshake, type HandshakeOptions } from './tls-handshake.ts'
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
  /** What to do when the gateway cannot be reached. **Default:** a client's */
  readonly unreachableHint?: string | undefined
  /** What to do when its certificate is for another name, or from an unknown authority. **Default:** a client's */
  readonly strangerHint?: string | undefined
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

/** What makes connections for a protocol of our own. */
export interface OwnProtocolDialer {
  readonly gateway: GatewayAddress
  /**
   * As `GatewayDialer.open` for one protocol of our own, without a second try beside it, and TLS 1.3 only. `lookup`
   * finds the addresses of the gateway's name, best first; a proxy is asked for the name.
   *
   * @throws UpstreamError as that, or `protocol-unknown` where whoever answers does not speak it, or not TLS 1.3
   */
  openOwn(protocol: string, options: OwnConnectionOptions): Promise<TLSSocket>
}

export interface OwnConnectionOptions {
  readonly signal: AbortSignal
  /** **Default:** the system's */
  readonly lookup?: LookUpAll | undefined
}

interface WantedTls
  extends
    Pick<HandshakeOptions, 'protocols' | 'signal' | 'minVersion'>,
    Pick<OwnConnectionOptions, 'lookup'> {}

/** Makes connections to one gateway, and remembers which authorities its certificate needs. */
export function createDialer(options: ReachOptions): GatewayDialer & OwnProtocolDialer {
  const { gateway, trust } = options
  let authorities = firstAuthorities(trust)
  let areAll = !trust.isVerified

  async function openTls(wanted: WantedTls): Promise<TLSSocket> {
    const { lookup, ...what } = wanted
    const raw = await dialGateway(options, what.signal, lookup)
    try {
      return await handshake(raw, { peer: gateway, trust, authorities, ...what })
    } catch (error) {
      if (areAll || !isUnknownIssuer(error)) {
        if (isNotTls(error)) throw await namedPlain(error, what.signal, lookup)
        throw tlsError(gateway, error, 'gateway', options.strangerHint)
      }
      authorities = allAuthorities(trust)
      areAll = true
      return openTls(wanted)
    }
  }

  /** Asks whoever speaks no TLS once more, without: people mistake ports, and learn from a name which one it was. */
  async function namedPlain(
    cause: unknown,
    signal: AbortSignal = new AbortController().signal,
    lookup?: LookUpAll,
  ): Promise<UpstreamError> {
    const [{ hearOn }, { withoutTls }] = await Promise.all([
      import('./hear.ts'),
      import('./heard-words.ts'),
    ])
    const heard = await hearOn(() => dialGateway(options, signal, lookup), { gateway, signal })
    return withoutTls(gateway, heard, cause)
  }

  async function open(protocols: readonly Alpn[], signal: AbortSignal): Promise<GatewayConnection> {
    if (!gateway.isTls) {
      return { socket: await dialGateway(options, signal), protocol: 'http/1.1' }
    }
    const socket = await openTls({ protocols, signal })
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
    async openOwn(protocol, { signal, lookup }) {
      if (!gateway.isTls) throw lacksTls(gateway)
      // What is said on it may be bound to the connection (RFC 9266 §4.2).
      const wanted = { protocols: [protocol], signal, lookup, minVersion: 'TLSv1.3' } as const
      const socket = await openTls(wanted).catch((error: unknown) => {
        const cause = error instanceof AppError ? error.cause : undefined
        if (isVersionRefused(cause)) throw versionTooOld(gateway, error)
        throw isProtocolRefused(cause) ? protocolUnknown(gateway, protocol, error) : error
      })
      if (socket.alpnProtocol === protocol) return socket
      socket.destroy()
      throw protocolUnknown(gateway, protocol)
    },
  }
}

function lacksTls({ origin }: GatewayAddress): SystemError {
  return new SystemError('invalid-gateway-url', `"${origin}" is without TLS`, {
    hint: 'write "https://host" or "https://host:port"',
  })
}

const clientHint =
  'check the network and the name; "--gateway" names a gateway that is not at the destination\'s own host, by its name or address'

/**
 * Every connection to the gateway begins here: tunnels' and those of a sign-in. What is said on it is unread.
 *
 * @throws UpstreamError `gateway-unreachable` or `proxy-…`; SystemError `invalid-proxy`
 */
export async function dialGateway(
  options: ReachOptions,
  signal?: AbortSignal,
  lookup?: LookUpAll,
): Promise<Socket> {
  const { gateway, proxies = {} } = options
  if (namesProxy(proxies)) {
    // Only now: most people have none.
    const { findProxy, dialThroughProxy } = await import('./proxy.ts')
    const proxy = findProxy(gateway, proxies)
    if (proxy !== undefined) return dialThroughProxy(proxy, { ...options, signal })
  }
  try {
    const target = { host: gateway.host, port: gateway.port }
    return await dial(target, { signal, ...(lookup === undefined ? {} : { lookup }) })
  } catch (error) {
    throw new UpstreamError('gateway-unreachable', `the gateway ${messageOf(error)}`, {
      cause: error,
      hint: options.unreachableHint ?? clientHint,
    })
  }
}

/** Whether one of them names a proxy, be it for this gateway or not. */
function namesProxy(proxies: ProxyVariables): boolean {
  return Object.entries(proxies).some(
    ([name, value]) => value && /^(?:(?:https?|all)_|--)proxy$/i.test(name),
  )
}
