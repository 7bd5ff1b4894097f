import type { Logger } from '../../log.ts'
import type { GatewayDialer, ReachOptions } from '../../reach/dialer.ts'
import type { BegunSignIns } from './begun-sign-in.ts'
import type { PresentSignIn } from './browser-sign-in.ts'
import { serviceAccount, type Credentials, type FreshToken } from './credentials.ts'
import type { DeviceSignInOptions } from './device-sign-in.ts'
import { person } from './person.ts'
import { sparingTabs } from './sparing-tabs.ts'
import { tokenCacheFor } from './token-cache.ts'

/** Which gateway is asked, and who asks. */
export interface SignInOptions extends ReachOptions {
  /** Used instead of a person's sign-in. */
  readonly serviceAccountToken?: string | undefined
  /** Shows and opens the address of a sign-in. */
  readonly presentSignIn: PresentSignIn
  /** What the person runs, for others who wait for the same sign-in. Never with a secret. */
  readonly command?: string | undefined
  /** Signs in by a code that is approved elsewhere, instead of by a browser here. */
  readonly deviceSignIn?: DeviceSignIn | undefined
  /** Told that a sign-in which was shown is over, and its token kept; without one it failed or was given up. */
  readonly onSignInOver?: ((hasToken: boolean) => void) | undefined
  readonly log: Logger
  /** Where this user's caches are: tokens are kept in `tokens` below it. */
  readonly cacheDirectory: string
}

/** How the code of a sign-in without a browser reaches the person. */
export type DeviceSignIn = Pick<DeviceSignInOptions, 'command' | 'present'>

/**
 * How long a person may take to sign in, in milliseconds.
 *
 * @limit time for a person to sign in: an error, exit code 3; run it again
 */
const signInTimeoutMs = 5 * 60_000

/** The service account's token where one is given, else the person's who runs this. */
export function credentialsOf(
  options: SignInOptions,
  dialer: GatewayDialer,
  signal: AbortSignal,
): Credentials {
  const { log, deviceSignIn, serviceAccountToken } = options
  if (serviceAccountToken !== undefined) return serviceAccount(serviceAccountToken)
  const cache = tokenCacheFor(options)
  const { present, answered } = sparingTabs(options.presentSignIn)
  return person({
    cache,
    log,
    signal,
    command: options.command ?? 'postern',
    signIn,
    onOver: (hasToken) => options.onSignInOver?.(hasToken),
  })

  async function signIn(
    begun: BegunSignIns,
    signal: AbortSignal,
    renews: string | undefined,
  ): Promise<FreshToken> {
    if (deviceSignIn !== undefined) {
      const token = await signInElsewhere(dialer, { ...deviceSignIn, begun }, signal)
      return { token, isProlonged: false }
    }
    // Most runs have a token: what only a sign-in needs is loaded for it.
    const [{ signInByBrowser }, { createGatewayApi }] = await Promise.all([
      import('./browser-sign-in.ts'),
      import('./gateway-api.ts'),
    ])
    const api = createGatewayApi(dialer)
    const timeoutMs = signInTimeoutMs
    const fresh = await signInByBrowser({ api, present, begun, signal, timeoutMs, renews })
    answered()
    return fresh
  }
}

async function signInElsewhere(
  dialer: GatewayDialer,
  deviceSignIn: Omit<DeviceSignInOptions, 'api' | 'signal'>,
  signal: AbortSignal,
): Promise<string> {
  const [{ signInByDevice }, { createDeviceApi }, { createSendToGateway }] = await Promise.all([
    import('./device-sign-in.ts'),
    import('./device-api.ts'),
    import('../../reach/gateway-request.ts'),
  ])
  const api = createDeviceApi(createSendToGateway(dialer))
  return signInByDevice({ api, ...deviceSignIn, signal })
}
