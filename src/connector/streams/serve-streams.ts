import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { formatAuthority, parseAuthority } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { AppError, PeerError, messageOf, systemCode } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { LookUpAll } from '../../net/dial.ts'
import { relay } from '../../net/relay.ts'
import type { StreamFault } from '../../tunnel/connector/protocol.ts'
import type { StreamOffer } from '../../tunnel/connector/session.ts'
import type { GrantClaims } from '../../tunnel/grant.ts'
import { chooseOrigin, type IngressRule, type Origin } from '../ingress/rules.ts'
import { createOriginLookUps, type OriginLookUps } from '../origin/look-ups.ts'
import { openNamed, openTcp, openUnix } from '../origin/open-origin.ts'
import { openBySocks } from '../origin/socks.ts'
import type { StreamMetrics } from './stream-metrics.ts'

export interface StreamParts {
  /** The rules that hold now; asked for each stream. */
  readonly rules: () => readonly IngressRule[]
  /** Answers what a grant says, once it is believed. Rejects with an `AppError` that says why not, `busy` among its codes. */
  readonly verifyGrant: (grant: string) => Promise<GrantClaims>
  readonly metrics: StreamMetrics
  readonly log: Pick<Logger, 'debug' | 'warn'>
  readonly clock?: Clock | undefined
  /** As `dns.lookup` with `all`. */
  readonly lookup?: LookUpAll | undefined
  /** How many threads the process has for look-ups and all else that waits. **Default:** those of libuv */
  readonly threads?: number | undefined
}

/** Why a stream is not opened. */
interface Refusal {
  readonly fault: StreamFault
  readonly why: string
}

/**
 * Makes what serves the streams that a gateway opens: verifies the grant, chooses by the rules, dials, and
 * carries the bytes until both sides have ended. Never throws.
 */
export function createStreamServer(given: StreamParts): (offer: StreamOffer) => void {
  const parts = { ...given, lookUps: createOriginLookUps(given) }
  return (offer) => {
    serve(offer, parts).catch((error: unknown) => {
      refuse(offer, parts, { fault: 'busy', why: `internal error: ${messageOf(error)}` })
    })
  }
}

interface ServingParts extends StreamParts {
  readonly lookUps: OriginLookUps
}

async function serve(offer: StreamOffer, parts: ServingParts): Promise<void> {
  const granted = await verified(offer, parts)
  if (offer.signal.aborted) return
  if ('fault' in granted) return refuse(offer, parts, granted)
  const { hostname, service, bastion, request, sub: person } = granted
  const target = service === undefined ? undefined : parseAuthority(service)
  if (service !== undefined && target === undefined) {
    return refuse(offer, parts, { fault: 'bad-grant', why: 'its "service" is no address' })
  }
  const choice = chooseOrigin(parts.rules(), {
    hostname,
    service: target,
    isByClient: bastion,
  })
  if ('fault' in choice) return refuse(offer, parts, choice)
  parts.log.debug(`opening "${hostname}" for ${request}`, { hostname, request })
  if (choice.origin.kind === 'socks-proxy')
    return serveSocks(offer, choice.origin, { ...parts, person })
  await serveOrigin(offer, choice.origin, { ...parts, person })
}

interface PersonsParts extends ServingParts {
  /** Whom the stream is for. */
  readonly person: string
}

async function verified(
  { grant }: StreamOffer,
  { verifyGrant }: StreamParts,
): Promise<GrantClaims | Refusal> {
  try {
    return await verifyGrant(grant)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { fault: error.code === 'busy' ? 'busy' : 'bad-grant', why: error.message }
  }
}

type Dialled = Exclude<Origin, { readonly kind: 'socks-proxy' }>

async function serveOrigin(
  offer: StreamOffer,
  origin: Dialled,
  parts: PersonsParts,
): Promise<void> {
  const dialled = parts.metrics.dialling()
  let socket: Socket
  try {
    socket = await open(origin, offer.signal, parts)
    dialled('ok')
  } catch (error) {
    if (offer.signal.aborted) return
    dialled('failed')
    return refuse(offer, parts, refusalOf(error))
  }
  if (offer.signal.aborted) socket.destroy()
  else await carry(offer.accept(), socket, parts)
}

function open(origin: Dialled, signal: AbortSignal, parts: PersonsParts): Promise<Socket> {
  const { clock, lookUps, person } = parts
  const lookup = origin.kind === 'tcp' ? lookUps.ofRules : lookUps.ofClients(person)
  const options = { request: origin.rule.request, signal, clock, lookup }
  switch (origin.kind) {
    case 'tcp':
      return openTcp(origin.target, options)
    case 'bastion':
      return openNamed(origin.target, options)
    default:
      return openUnix(origin.path, options)
  }
}

/** It begins with a conversation, for which the stream must be open: what fails then is said in SOCKS. */
async function serveSocks(
  offer: StreamOffer,
  { rule }: Origin,
  parts: PersonsParts,
): Promise<void> {
  const stream = offer.accept()
  const gone = new AbortController()
  stream.on('error', () => undefined)
  stream.once('close', () => gone.abort(new Error('the gateway has ended the stream')))
  const { clock, lookUps, person } = parts
  try {
    const lookup = lookUps.ofClients(person)
    const options = { request: rule.request, signal: gone.signal, clock, lookup }
    const { socket, target } = await openBySocks(stream, options)
    parts.log.debug(`by SOCKS to "${formatAuthority(target)}"`)
    await carry(stream, socket, parts)
  } catch (error) {
    parts.metrics.refused(error instanceof PeerError ? 'not-socks' : 'origin-unreachable')
    parts.log.warn(`not connected by SOCKS: ${messageOf(error)}`)
    stream.end(() => stream.destroy())
  }
}

async function carry(stream: Duplex, socket: Socket, { metrics }: StreamParts): Promise<void> {
  const bytes = { up: 0, down: 0 }
  const counted = metrics.opened(bytes)
  const { cause } = await relay(stream, socket, { bytes })
  counted.ended(cause)
}

const shortages: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL'])

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof AppError)) throw error
  if (error.code === 'not-allowed') return { fault: 'no-rule', why: error.message }
  const isShort = shortages.has(systemCode(error.cause) ?? '')
  return { fault: isShort ? 'busy' : 'origin-unreachable', why: error.message }
}

function refuse(offer: StreamOffer, { metrics, log }: StreamParts, { fault, why }: Refusal): void {
  metrics.refused(fault)
  log.warn(`refused a stream for "${offer.authority}": ${why}`, { code: fault })
  offer.refuse(fault, why)
}
