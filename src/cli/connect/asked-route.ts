import { parseAuthority, type HostPort } from '../../address.ts'
import type { GatewayClient } from '../../client/gateway-client.ts'
import type { SignInOptions } from '../../client/sign-in/credentials-of.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { destinationOf } from '../asking/destination-of.ts'
import { tcpOptionsOf } from '../asking/ssh-options.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { environment } from '../process/environment.ts'
import {
  clientFor,
  signInOptionsFor,
  type ClientFlags,
  type ClientIdentity,
} from '../serving/client-for.ts'
import type { Voice } from '../speech/voice.ts'

/** The options of a command that opens routes for a program, as they were given. */
export interface RouteOptions extends AskOptions, Omit<ClientFlags, 'logFormat'> {
  readonly browserCmd?: string
  readonly gateway?: string
}

/** A route that was asked for, and how its gateway is reached. */
export interface AskedRoute extends ClientIdentity {
  readonly authority: string
  readonly target: HostPort
  /** Options by which `postern tcp` reaches the same route, one word each. */
  readonly tcpOptions: readonly string[]
}

/** Which command asks for a route, without secrets, and how. */
export interface RouteAsking {
  readonly command: string
  readonly options: RouteOptions
  readonly voice: Voice
}

/**
 * Reads which route is meant.
 *
 * @throws SystemError `invalid-destination`, `invalid-gateway-url`, `gateway-unknown`, `route-…`, and for a file that cannot be
 * read; AppError of a gateway that is asked for its routes
 */
export async function askedRoute(
  written: string,
  { command, options, voice }: RouteAsking,
): Promise<AskedRoute> {
  const found = await destinationOf(written, options.gateway, options, voice)
  const { gateway, authority, trust } = found
  const target = parseAuthority(authority)
  if (target === undefined) throw new Error(`"${authority}" is no authority`)
  const credential = await readServiceAccount(options, environment)
  warnAboutSecrets(options, voice)
  const ways = [
    '--gateway',
    gateway.origin,
    ...tcpOptionsOf(options, found),
    ...(options.deviceLogin === true ? ['--device-login'] : []),
    ...(options.transport === 'auto' ? [] : ['--transport', options.transport]),
  ]
  const client = { gateway, trust, credential, command: `${command} ${authority}` }
  return { ...client, authority, target, tcpOptions: ways }
}

/** Makes the client of a route's gateway. */
export function clientOf(asked: AskedRoute, options: RouteOptions, voice: Voice): GatewayClient {
  return clientFor(asked, { ...options, logFormat: 'human' }, voice)
}

/** What that signs in with. */
export function signInOf(asked: AskedRoute, options: RouteOptions, voice: Voice): SignInOptions {
  return signInOptionsFor(asked, { ...options, logFormat: 'human' }, voice)
}
