import { randomUUID } from 'node:crypto'
import { formatAuthority, type HostPort } from '../address.ts'
import { systemClock } from '../clock.ts'
import type { LookUpAll } from '../net/dial.ts'
import {
  attempt,
  checkAddresses,
  reach,
  type Check,
  type Found,
  type Step,
} from '../reach/checks.ts'
import type { OwnProtocolDialer } from '../reach/dialer.ts'
import type { GatewayAddress } from '../reach/destination.ts'
import { findProxy, type ProxyVariables } from '../reach/proxy.ts'
import { openConnectorEnd } from '../tunnel/connector/connector-end.ts'
import { connectorProtocol } from '../tunnel/connector/protocol.ts'
import type { TunnelCredential } from '../tunnel/tunnel-credential.ts'
import { pinGrantKeys } from '../tunnel/grant-keys.ts'
import { prove, register, registrationOf } from './connections/register.ts'
import type { IngressRule } from './ingress/rules.ts'
import { openTcp, openUnix } from './origin/open-origin.ts'

/** One thing that was tried on the way from the gateway to a service, in this order. */
export type ConnectorCheck = Check<'dns' | 'tcp' | 'proxy' | 'tls' | 'registration' | 'service'>

export interface DiagnoseOptions {
  readonly credential: TunnelCredential
  readonly rules: readonly IngressRule[]
  readonly gateway: GatewayAddress
  readonly dialer: OwnProtocolDialer
  readonly proxies: ProxyVariables
  readonly signal: AbortSignal
  readonly lookup?: LookUpAll | undefined
}

/**
 * Longest wait for one step, in milliseconds: what it waits for is bounded by itself, and this is beyond all of it.
 *
 * @limit none: each step has a bound of its own, which comes first
 */
const stepTimeoutMs = 60_000

/** Tries the way to the gateway step by step, then the registration, then the services. */
export async function* diagnose(options: DiagnoseOptions): AsyncGenerator<ConnectorCheck> {
  const { gateway, signal, lookup } = options
  const proxy = findProxy(gateway, options.proxies)
  if (proxy === undefined) yield* checkAddresses({ target: gateway, signal, lookup })
  else
    yield await attempt(stepOf('proxy', formatAuthority(proxy), options), () =>
      reachProxy(proxy, options),
    )
  yield* checkRegistration(options)
  for (const rule of options.rules) yield* checkService(rule, options)
}

function stepOf<What extends ConnectorCheck['what']>(
  what: What,
  target: string,
  { signal }: DiagnoseOptions,
): Step<What> {
  return { what, target, signal, limitMs: stepTimeoutMs }
}

async function reachProxy(
  proxy: HostPort & { readonly variable: string },
  { signal }: DiagnoseOptions,
): Promise<Found> {
  const { detail } = await reach(proxy, 'proxy', signal)
  return { detail: `${detail}; ${proxy.variable} names it` }
}

/** A connection that offers nothing: no stream comes, and it ends at once. */
async function* checkRegistration(options: DiagnoseOptions): AsyncGenerator<ConnectorCheck> {
  const { gateway, dialer, credential, signal } = options
  const target = formatAuthority(gateway)
  let socket: Awaited<ReturnType<OwnProtocolDialer['openOwn']>> | undefined
  yield await attempt(stepOf('tls', target, options), async () => {
    socket = await dialer.openOwn(connectorProtocol, { signal, lookup: options.lookup })
    return { detail: `${socket.getProtocol() ?? 'TLS'}, ${connectorProtocol}` }
  })
  if (socket === undefined) return
  const connection = socket
  yield await attempt(stepOf('registration', credential.tunnelId, options), async () => {
    const { tunnelId } = credential
    const connectorId = randomUUID()
    const source = 'the credential'
    const keys = await pinGrantKeys([...credential.grantKeys], { source, tunnelId, connectorId })
    const end = await openConnectorEnd(connection, {
      onStream: (offer) => offer.refuse('draining', 'it only looks whether it could connect'),
    })
    try {
      const applicant = { tunnelId, connectorId, connIndex: 0 }
      const messages = await prove(end, { secret: credential.secret, applicant }, systemClock)
      const registration = registrationOf(keys, { services: [], hostnames: [] })
      const { answer } = await register(end, messages, registration, systemClock)
      return { detail: `taken by "${answer.location}"` }
    } finally {
      end.destroy()
    }
  })
}

async function* checkService(
  { service, request, text }: IngressRule,
  parts: DiagnoseOptions,
): AsyncGenerator<ConnectorCheck> {
  if (service?.kind !== 'tcp' && service?.kind !== 'unix') return
  const { signal, lookup } = parts
  yield await attempt(stepOf('service', text, parts), async () => {
    const options = { request, signal, lookup }
    const socket = await (service.kind === 'tcp'
      ? openTcp(service.target, options)
      : openUnix(service.path, options))
    socket.destroy()
    return { detail: 'answers' }
  })
}
