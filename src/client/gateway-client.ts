import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { AccessError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { RelayCause } from '../net/relay.ts'
import { followTunnel, type LearnFate, type TunnelFate } from './ways/aftermath.ts'
import { cacheDirectory } from './reach/cache-directory.ts'
import { createConnector, type Connector } from './reach/connection.ts'
import type { PresentSignIn } from './sign-in/browser-sign-in.ts'
import { serviceAccount, type Credentials } from './sign-in/credentials.ts'
import type { GatewayAddress } from './reach/destination.ts'
import type { DeviceSignInOptions } from './sign-in/device-sign-in.ts'
import { person } from './sign-in/person.ts'
import { refusedError, wantsSignIn } from './reach/refused.ts'
import { sparingTabs } from './sign-in/sparing-tabs.ts'
import { openTokenCache } from './sign-in/token-cache.ts'
import { openTransportMemory } from './ways/transport-memory.ts'
import { createTransport, type TransportChoice } from './ways/transport.ts'
import type { Trust } from './reach/trust.ts'

export interface GatewayClientOptions {
  readonly gateway: GatewayAddress
  readonly trust: Trust
  /** Used instead of a person's sign-in. */
  readonly serviceAccountToken?: string | undefined
  /** Shows and opens the address of a sign-in. */
  readonly presentSignIn: PresentSignIn
  /** What the person runs, for others who wait for the same sign-in. Never with a secret. */
  readonly command?: string | undefined
  /** Signs in by a code that is approved elsewhere, instead of by a browser here. */
  readonly deviceSignIn?: DeviceSignIn | undefined
  readonly log: Logger
  /** **Default:** `auto` */
  readonly transport?: TransportChoice | undefined
  /** Where tokens are kept; the user's cache directory unless given. */
  readonly cacheDirectory?: string | undefined
}

/** How the code of a sign-in without a browser reaches the person. */
export type DeviceSignIn = Pick<DeviceSignInOptions, 'command' | 'present'>

/** Tunnels through one gateway. */
export interface GatewayClient {
  /**
   * Opens a tunnel to a route, signing in when the gateway asks for it.
   *
   * @throws RefusedError when the gateway says no; AccessError `sign-in-…` or
   * `service-account-rejected`; UpstreamError `gateway-…`
   */
  open(authority: string, signal: AbortSignal): Promise<Duplex>
  /** Learns why a tunnel that it opened has ended: asks the gateway where that may have cut it. Never rejects. */
  learnFate(tunnel: Duplex, cause: RelayCause): Promise<TunnelFate>
  /** Ends everything at once, a sign-in under way included. Resolves when its lock is released. */
  destroy(): Promise<void>
}

/**
 * Tokens of other processes that are tried before the answer counts as final.
 *
 * @limit tokens of other processes tried for one tunnel: the answer counts as final
 */
const maxAttempts = 4
/**
 * How long a person may take to sign in, in milliseconds.
 *
 * @limit time for a person to sign in: an error, exit code 3; run it again
 */
const signInTimeoutMs = 5 * 60_000

/** Makes the client of one gateway. Connects to nothing yet. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const { gateway, trust, log } = options
  const ending = new AbortController()
  const connector = createConnector(gateway, trust, log)
  const transport = createTransport({
    gateway,
    connector,
    log,
    choice: options.transport ?? 'auto',
    memory: openTransportMemory(
      options.cacheDirectory ?? join(cacheDirectory(), 'transports'),
      gateway.origin,
    ),
  })
  const credentials = credentialsOf(options, connector, ending.signal)

  const fates = new WeakMap<Duplex, LearnFate>()

  function open(authority: string, signal: AbortSignal): Promise<Duplex> {
    return withToken(credentials, signal, async (token) => {
      const { tunnel, aftermath, refusal } = await transport.connect(authority, token, signal)
      if (tunnel !== undefined && aftermath !== undefined) {
        fates.set(tunnel, followTunnel(tunnel, aftermath, ending.signal))
      }
      if (tunnel !== undefined || wantsSignIn(refusal)) return tunnel
      throw refusedError(refusal, authority)
    })
  }

  return {
    open: (authority, signal) => open(authority, AbortSignal.any([signal, ending.signal])),
    async learnFate(tunnel, cause) {
      return fates.get(tunnel)?.(cause) ?? {}
    },
    async destroy() {
      ending.abort(new Error('the client ends'))
      transport.destroy()
      await credentials.idle()
    },
  }
}

/**
 * Asks with the token there is, and after each "sign in" (an answer that is undefined) with another.
 *
 * @throws AccessError `sign-in-rejected` when even a fresh one does not do
 */
export async function withToken<Answer>(
  credentials: Credentials,
  signal: AbortSignal,
  ask: (token: string | undefined) => Promise<Answer | undefined>,
): Promise<Answer> {
  const rejected = new Set<string>()
  let token = await credentials.current()
  let isFresh = false
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const answer = await ask(token)
    if (answer !== undefined) return answer
    if (token !== undefined) rejected.add(token)
    if (isFresh) break
    ;({ token, isFresh } = await credentials.renew(rejected, signal))
  }
  if (token !== undefined) await credentials.forget(token)
  throw new AccessError(
    'sign-in-rejected',
    'the gateway asks for a sign-in again right after one',
    {
      hint: 'whoever runs the gateway can see why in its log',
    },
  )
}

/** The service account's token where one is given, else the person's who runs this. */
export function credentialsOf(
  options: GatewayClientOptions,
  connector: Connector,
  signal: AbortSignal,
): Credentials {
  const { gateway, trust, log, deviceSignIn, serviceAccountToken } = options
  if (serviceAccountToken !== undefined) return serviceAccount(serviceAccountToken)
  const directory = options.cacheDirectory ?? join(cacheDirectory(), 'tokens')
  const cache = openTokenCache(
    directory,
    { origin: gateway.origin, isVerified: trust.isVerified },
    log,
  )
  const { present, answered } = sparingTabs(options.presentSignIn)
  return person({
    cache,
    log,
    signal,
    command: options.command ?? 'postern',
    signIn: async (begun, signal) => {
      if (deviceSignIn !== undefined)
        return signInElsewhere(gateway, connector, { ...deviceSignIn, begun }, signal)
      // Most runs have a token: what only a sign-in needs is loaded for it.
      const [{ signInByBrowser }, { createGatewayApi }] = await Promise.all([
        import('./sign-in/browser-sign-in.ts'),
        import('./sign-in/gateway-api.ts'),
      ])
      const api = createGatewayApi(gateway, connector)
      const timeoutMs = signInTimeoutMs
      const token = await signInByBrowser({ api, present, begun, signal, timeoutMs })
      answered()
      return token
    },
  })
}

async function signInElsewhere(
  gateway: GatewayAddress,
  connector: Connector,
  deviceSignIn: Omit<DeviceSignInOptions, 'api' | 'signal'>,
  signal: AbortSignal,
): Promise<string> {
  const [{ signInByDevice }, { createDeviceApi }, { createSendToGateway }] = await Promise.all([
    import('./sign-in/device-sign-in.ts'),
    import('./sign-in/device-api.ts'),
    import('./reach/gateway-request.ts'),
  ])
  const api = createDeviceApi(createSendToGateway(gateway, connector))
  return signInByDevice({ api, ...deviceSignIn, signal })
}
