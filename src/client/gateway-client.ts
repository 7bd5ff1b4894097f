import type { Duplex } from 'node:stream'
import type { RelayCause } from '../net/relay.ts'
import { createDialer } from '../reach/dialer.ts'
import {
  looksForeign,
  plainToTls,
  wantsTls,
  wasNoHttp,
  type RequestFields,
} from '../reach/http-answer.ts'
import { refusedError, wantsSignIn } from '../reach/refused.ts'
import { credentialsOf, type SignInOptions } from './sign-in/credentials-of.ts'
import type { Renewal } from './sign-in/renew-session.ts'
import { withToken } from './sign-in/credentials.ts'
import { followTunnel, type LearnFate, type TunnelFate } from './ways/aftermath.ts'
import { createTransport, type TransportChoice } from './ways/transport.ts'

export interface GatewayClientOptions extends SignInOptions {
  /** **Default:** `auto` */
  readonly transport?: TransportChoice | undefined
}

/** Tunnels through one gateway. */
export interface GatewayClient {
  /**
   * Opens a tunnel to a route, signing in when the gateway asks for it. `more` are further fields of the
   * request, in lower case; none of them replaces one of ours.
   *
   * @throws RefusedError when the gateway says no; AccessError `sign-in-…` or
   * `service-account-rejected`; UpstreamError `gateway-…`
   */
  open(authority: string, signal: AbortSignal, more?: RequestFields): Promise<Duplex>
  /** Learns why a tunnel that it opened has ended: asks the gateway where that may have cut it. Never rejects. */
  learnFate(tunnel: Duplex, cause: RelayCause): Promise<TunnelFate>
  /**
   * Has the person sign in again, so that their session lasts as long once more and its tunnels go on.
   *
   * @throws AccessError `sign-in-…` or `service-account-not-renewed`; UpstreamError `gateway-…`
   */
  renew(signal: AbortSignal): Promise<Renewal>
  /**
   * Opens further tunnels on new connections: the network may have changed, and one that stood before may be dead.
   * Tunnels that are open go on.
   */
  leaveConnections(): void
  /** Ends everything at once, a sign-in under way included. Resolves when its lock is released. */
  destroy(): Promise<void>
}

/** Makes the client of one gateway. Connects to nothing yet. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const { log, cacheDirectory, transport: choice = 'auto' } = options
  const ending = new AbortController()
  const dialer = createDialer(options)
  const transport = createTransport({ dialer, log, choice, cacheDirectory })
  const credentials = credentialsOf(options, dialer, ending.signal)
  const fates = new WeakMap<Duplex, LearnFate>()

  function open(authority: string, signal: AbortSignal, more?: RequestFields): Promise<Duplex> {
    return withToken(credentials, signal, async (token) => {
      const { tunnel, aftermath, refusal } = await transport
        .connect(authority, token, signal, more)
        .catch((error: unknown) =>
          refuseStranger(wasNoHttp(error), signal).then(() => Promise.reject(error)),
        )
      if (tunnel !== undefined && aftermath !== undefined) {
        fates.set(tunnel, followTunnel(tunnel, aftermath, ending.signal))
      }
      if (tunnel !== undefined || wantsSignIn(refusal)) return tunnel
      if (wantsTls(refusal)) throw plainToTls(dialer.gateway)
      await refuseStranger(looksForeign(refusal), signal)
      throw refusedError(refusal, authority)
    })
  }

  /** Where an answer does not look like a gateway's, looks who gave it. */
  async function refuseStranger(isSuspect: boolean, signal: AbortSignal): Promise<void> {
    if (!isSuspect) return
    const { strangerAt } = await import('../reach/stranger.ts')
    const stranger = await strangerAt(dialer, signal)
    if (stranger !== undefined) throw stranger
  }

  return {
    open: (authority, signal, more) =>
      open(authority, AbortSignal.any([signal, ending.signal]), more),
    async renew(signal) {
      const [{ renewWith }, { createSendToGateway }, { createSessionApi }] = await Promise.all([
        import('./sign-in/renew-session.ts'),
        import('../reach/gateway-request.ts'),
        import('./sign-in/session-api.ts'),
      ])
      const sessions = createSessionApi(createSendToGateway(dialer))
      return renewWith(credentials, sessions, AbortSignal.any([signal, ending.signal]))
    },
    async learnFate(tunnel, cause) {
      return fates.get(tunnel)?.(cause) ?? {}
    },
    leaveConnections: () => transport.leaveConnections(),
    async destroy() {
      ending.abort(new Error('the client ends'))
      transport.destroy()
      await credentials.idle()
    },
  }
}
