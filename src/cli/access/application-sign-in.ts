import { parseApplicationUrl } from '../../client/applications/application.ts'
import type { PresentSignIn } from '../../client/sign-in/browser-sign-in.ts'
import type { SignInOptions } from '../../client/sign-in/credentials-of.ts'
import { logIn, type Login } from '../../client/sign-in/login.ts'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { AccessError, SystemError } from '../../errors.ts'
import type { AskedDestination } from '../asking/destination-of.ts'
import { askToSignIn } from '../asking/ask-to-sign-in.ts'
import { presentDeviceCode } from '../asking/device-code.ts'
import { clientEnvironment } from '../process/environment.ts'
import { untilEndSignal } from '../process/signals.ts'
import type { Voice } from '../speech/voice.ts'
import { applicationOf } from './application-of.ts'
import type { SignInFlags } from './sign-in-options.ts'

/** Somebody who is signed in to the gateway of an application. */
export interface SignedIn {
  readonly login: Login
  readonly token: string
}

/** The application that a command names: by its argument, or by `--app`; and its gateway. */
export async function namedApplication(
  argument: string | undefined,
  flags: SignInFlags,
  voice: Voice,
): Promise<AskedDestination> {
  const text = argument ?? flags.app
  if (text !== undefined) {
    return applicationOf(text, flags.gateway, flags, voice, (url) => parseApplicationUrl(url))
  }
  throw new SystemError('hostname-missing', 'no application is named', {
    hint: 'name it, such as "https://tcp.example.com"',
  })
}

/**
 * Signs in unless the token that is kept is still accepted. Resolves to an exit code when a signal ends it.
 *
 * @throws AppError for everything that goes wrong
 */
export async function signInToApplication(
  { gateway, trust }: AskedDestination,
  flags: SignInFlags,
  voice: Voice,
  command: string,
): Promise<SignedIn | number> {
  const told = clientEnvironment()
  const ways = signInWays(flags, voice, command)
  const options = { ...told, gateway, trust, log: voice, ...ways }
  const login = await untilEndSignal((signal) => logIn(options, signal))
  return typeof login === 'number' ? login : { login, token: login.token }
}

/** How a person signs in: with a browser of this machine, or by a code. */
export function signInWays(
  { browserCmd, device }: Pick<SignInFlags, 'browserCmd' | 'device'>,
  voice: Voice,
  command: string,
): Pick<SignInOptions, 'presentSignIn' | 'deviceSignIn' | 'command'> {
  const presentSignIn: PresentSignIn = (url, tab, onFailed) =>
    askToSignIn(url, tab, { browserCmd, onFailed }, voice)
  const present = (code: Parameters<typeof presentDeviceCode>[0]): void =>
    presentDeviceCode(code, 'human', voice)
  return {
    command,
    presentSignIn,
    deviceSignIn: device === true ? { command, present } : undefined,
  }
}

/**
 * The token that an earlier sign-in left.
 *
 * @throws AccessError `not-signed-in`
 */
export async function keptToken(
  { gateway, trust }: AskedDestination,
  voice: Voice,
): Promise<string> {
  const cache = tokenCacheFor({ ...clientEnvironment(), gateway, trust, log: voice })
  const token = await cache.read()
  if (token !== undefined) return token
  throw new AccessError('not-signed-in', `nobody is signed in to "${gateway.origin}" here`, {
    hint: `"postern access login ${gateway.origin}" signs in`,
  })
}
