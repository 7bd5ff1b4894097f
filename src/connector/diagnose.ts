import { lookup as systemLookup } from 'node:dns'
import { randomUUID } from 'node:crypto'
import { formatAuthority, type HostPort } from '../address.ts'
import { systemClock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import { dial, lookUpAll, type LookUpAll } from '../net/dial.ts'
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
export interface Check {
  readonly what: 'dns' | 'tcp' | 'proxy' | 'tls' | 'registration' | 'service'
  /** Which host and port, or which name. */
  readonly target: string
  readonly isOk: boolean
  readonly detail: string
  readonly hint?: string | undefined
  /** The stable code of what is wrong. */
  readonly code?: string | undefined
}

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
 * Longest wait for each address, in milliseconds.
 *
 * @limit time that "postern tunnel doctor" waits for one address of the gateway: it is said not to answer
 */
const addressTimeoutMs = 5_000

/** Tries the way to the gateway step by step, then the registration, then the services. */
export async function* diagnose(options: DiagnoseOptions): AsyncGenerator<Check> {
  const proxy = findProxy(options.gateway, options.proxies)
  if (proxy === undefined) yield* checkAddresses(options)
  else yield await attempt('proxy', formatAuthority(proxy), () => reachProxy(proxy, options))
  yield* checkRegistration(options)
  for (const rule of options.rules) yield* checkService(rule, options)
}

async function attempt(
  what: Check['what'],
  target: string,
  work: () => Promise<string>,
): Promise<Check> {
  try {
    return { what, target, isOk: true, detail: await work() }
  } catch (error) {
    const known = error instanceof AppError ? error : undefined
    const { hint, code } = { hint: known?.hint, code: known?.code }
    return { what, target, isOk: false, detail: messageOf(error), hint, code }
  }
}

async function* checkAddresses(options: DiagnoseOptions): AsyncGenerator<Check> {
  const { gateway, signal, lookup = systemLookup } = options
  const addresses: string[] = []
  yield await attempt('dns', gateway.host, async () => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(addressTimeoutMs)])
    const found = await lookUpAll(gateway.host, lookup, limit)
    addresses.push(...found.map(({ address }) => address))
    return addresses.join(', ')
  })
  for (const host of addresses) {
    const target = { host, port: gateway.port }
    yield await attempt('tcp', formatAuthority(target), () => reach(target, signal))
  }
}

async function reach(target: HostPort, signal: AbortSignal): Promise<string> {
  const socket = await dial(target, { signal, timeoutMs: addressTimeoutMs })
  socket.destroy()
  return 'answers'
}

async function reachProxy(
  proxy: HostPort & { readonly variable: string },
  { signal }: DiagnoseOptions,
): Promise<string> {
  await reach(proxy, signal)
  return `answers; ${proxy.variable} names it`
}

/** A connection that offers nothing: no stream comes, and it ends at once. */
async function* checkRegistration(options: DiagnoseOptions): AsyncGenerator<Check> {
  const { gateway, dialer, credential, signal } = options
  const target = formatAuthority(gateway)
  let socket: Awaited<ReturnType<OwnProtocolDialer['openOwn']>> | undefined
  yield await attempt('tls', target, async () => {
    socket = await dialer.openOwn(connectorProtocol, { signal, lookup: options.lookup })
    return `${socket.getProtocol() ?? 'TLS'}, ${connectorProtocol}`
  })
  if (socket === undefined) return
  const connection = socket
  yield await attempt('registration', credential.tunnelId, async () => {
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
      return `taken by "${answer.location}"`
    } finally {
      end.destroy()
    }
  })
}

async function* checkService(
  { service, request, text }: IngressRule,
  { signal, lookup }: DiagnoseOptions,
): AsyncGenerator<Check> {
  if (service?.kind !== 'tcp' && service?.kind !== 'unix') return
  yield await attempt('service', text, async () => {
    const options = { request, signal, lookup }
    const socket = await (service.kind === 'tcp'
      ? openTcp(service.target, options)
      : openUnix(service.path, options))
    socket.destroy()
    return 'answers'
  })
}
