import { createGatewayClient, type GatewayClient } from '../../client/gateway-client.ts'
import { renewingClient } from '../../client/renewing-client.ts'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import type { SignInTab } from '../../client/sign-in/browser-sign-in.ts'
import type { DeviceSignIn, SignInOptions } from '../../client/sign-in/credentials-of.ts'
import type { TransportChoice } from '../../client/ways/transport.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { Trust } from '../../reach/trust.ts'
import { isTerminal } from '../../standard-output.ts'
import type { AskOptions } from '../asking/ask-to-sign-in.ts'
import { clientEnvironment, environment, type Environment } from '../process/environment.ts'
import type { Voice } from '../speech/voice.ts'

/** How a command that opens tunnels signs in and asks, as it was given. */
export interface ClientFlags {
  readonly browserCmd?: string
  readonly deviceLogin?: boolean
  readonly transport: TransportChoice
  readonly logFormat: 'human' | 'json'
}

/** What tells the clients of one process apart. */
export interface ClientIdentity {
  readonly gateway: GatewayAddress
  readonly trust: Trust
  /** A service account's credential, with which no browser opens. */
  readonly credential: string | undefined
  /** What the person runs, as other processes and whoever approves a code see it. */
  readonly command: string
}

/** Makes the client of a gateway for a command that opens tunnels. */
export function clientFor(
  identity: ClientIdentity,
  flags: ClientFlags,
  voice: Voice,
): GatewayClient {
  const options = signInOptionsFor(identity, flags, voice)
  const client = createGatewayClient({ ...options, transport: flags.transport })
  const isWatched = identity.credential === undefined && isPersonThere(flags, isTerminal(2))
  return isWatched ? renewingClient(client, { cache: tokenCacheFor(options), log: voice }) : client
}

/**
 * Whether somebody can be asked to sign in again although their session still holds. A script has no terminal, nor has
 * what Ansible starts; `ssh` hands its own to its ProxyCommand. Behind `ssh` a browser would open where nobody sees it.
 */
export function isPersonThere(
  { browserCmd, deviceLogin, logFormat }: Omit<ClientFlags, 'transport'>,
  hasTerminal: boolean,
  env: Environment = environment,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (!hasTerminal || deviceLogin === true || logFormat === 'json') return false
  if (browserCmd !== undefined) return true
  if (env['SSH_CONNECTION'] && !env['DISPLAY']) return false
  const hasOwnScreen = platform === 'darwin' || platform === 'win32'
  return hasOwnScreen || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY'])
}

/** What it signs in with, for other requests to the same gateway. */
export function signInOptionsFor(
  { gateway, trust, credential, command }: ClientIdentity,
  flags: ClientFlags,
  voice: Voice,
): SignInOptions {
  return {
    ...clientEnvironment(),
    gateway,
    trust,
    serviceAccountToken: credential,
    log: voice,
    command,
    presentSignIn(url, tab, onFailed) {
      presentSignIn(url, tab, { ...flags, onFailed }, voice)
    },
    deviceSignIn: flags.deviceLogin === true ? deviceSignIn(command, flags, voice) : undefined,
  }
}

/** The code is said at any level, too. */
function deviceSignIn(command: string, { logFormat }: ClientFlags, voice: Voice): DeviceSignIn {
  return {
    command,
    present(code) {
      void import('../asking/device-code.ts').then(({ presentDeviceCode }) => {
        presentDeviceCode(code, logFormat, voice)
      })
    },
  }
}

/** The address is said at any level: it may have to be opened by hand. */
function presentSignIn(url: string, tab: SignInTab, options: AskOptions, voice: Voice): void {
  // Loaded only now: node:child_process is a good part of a start.
  void import('../asking/ask-to-sign-in.ts').then(({ askToSignIn }) => {
    askToSignIn(url, tab, options, voice)
  })
}
