import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { connect as connectSocket, type Socket } from 'node:net'
import { formatAuthority, type HostPort } from '../../address.ts'
import { systemClock, type Clock } from '../../clock.ts'
import { SystemError, UpstreamError, messageOf, systemCode } from '../../errors.ts'
import { dial, lookUpAll, type LookUpAll } from '../../net/dial.ts'
import { createIpAllowance } from '../ingress/ip-rules.ts'
import type { OriginRequest } from '../ingress/origin-request.ts'

export interface OpenOriginOptions {
  readonly request: OriginRequest
  /** Gives up, and lets go of the attempt. */
  readonly signal: AbortSignal
  readonly clock?: Clock | undefined
  /** As `dns.lookup` with `all`. */
  readonly lookup?: LookUpAll | undefined
}

interface DialOneOptions extends OpenOriginOptions {
  /** As `DialOptions.allowAddress`. */
  readonly allowAddress?: (address: string) => void
}

/** Go's own least share of the time for one of several addresses (`net.partialDeadline`). */
const leastShareMs = 2_000

/**
 * Connects to a service by its address or name, on both families of addresses.
 *
 * @throws UpstreamError `upstream-unreachable`
 */
export async function openTcp(target: HostPort, options: DialOneOptions): Promise<Socket> {
  const { tcpKeepAliveMs, noHappyEyeballs } = options.request
  const socket = await (noHappyEyeballs ? dialInTurn : dialTogether)(target, options)
  return socket.setKeepAlive(tcpKeepAliveMs > 0, tcpKeepAliveMs)
}

/**
 * Connects to what somebody else named, where the rule's list allows its address: each is judged right before
 * it is connected to, so that a name cannot lead elsewhere in between.
 *
 * @throws UpstreamError `upstream-unreachable`, or `not-allowed` where the list allows none of the addresses
 */
export async function openNamed(target: HostPort, options: OpenOriginOptions): Promise<Socket> {
  const allows = createIpAllowance(options.request.ipRules)
  let refused = 0
  let tried = 0
  const allowAddress = (address: string): void => {
    tried += 1
    if (allows(address, target.port)) return
    refused += 1
    throw new SystemError('not-allowed', 'is not allowed by "ipRules"')
  }
  try {
    return await openTcp(target, { ...options, allowAddress })
  } catch (error) {
    if (tried === 0 || refused < tried) throw error
    const message = `"ipRules" do not allow "${formatAuthority(target)}"`
    throw new UpstreamError('not-allowed', message, { cause: error })
  }
}

function dialTogether(target: HostPort, options: DialOneOptions): Promise<Socket> {
  const { request, clock, lookup, allowAddress, signal } = options
  return dial(target, {
    timeoutMs: request.connectTimeoutMs,
    signal,
    allowAddress,
    ...(clock === undefined ? {} : { clock }),
    ...(lookup === undefined ? {} : { lookup }),
  })
}

/** One after the other, each with its share of what is left of the time, as Go does without a fallback delay. */
async function dialInTurn(target: HostPort, options: DialOneOptions): Promise<Socket> {
  const { request, clock = systemClock } = options
  const deadlineMs = clock.now() + request.connectTimeoutMs
  const addresses = await addressesOf(target, options)
  let failure = new UpstreamError('upstream-unreachable', `"${target.host}" has no address`)
  for (const [index, { address, family }] of addresses.entries()) {
    const leftMs = deadlineMs - clock.now()
    if (leftMs <= 0) break
    const shareMs = Math.min(leftMs, Math.max(leftMs / (addresses.length - index), leastShareMs))
    const only: LookUpAll = (_host, _all, done) => done(null, [{ address, family }])
    const one = { ...options, request: { ...request, connectTimeoutMs: shareMs }, lookup: only }
    try {
      return await dialTogether(target, one)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      failure = error
      if (options.signal.aborted) break
    }
  }
  throw failure
}

async function addressesOf(
  { host }: HostPort,
  { lookup = systemLookup, request, signal }: OpenOriginOptions,
): Promise<readonly LookupAddress[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(request.connectTimeoutMs)])
  try {
    return await lookUpAll(host, lookup, limit)
  } catch (error) {
    const message = `"${host}" has a name that could not be looked up: ${messageOf(error)}`
    throw new UpstreamError('upstream-unreachable', message, { cause: error })
  }
}

const unixSentences: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ECONNREFUSED: 'is there, and nobody listens on it',
  EACCES: 'may not be opened by this user',
}

/**
 * Connects to a socket of this machine.
 *
 * @throws UpstreamError `upstream-unreachable`
 */
export function openUnix(path: string, { request, signal }: OpenOriginOptions): Promise<Socket> {
  const socket = connectSocket({ path, allowHalfOpen: true })
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(request.connectTimeoutMs)])
    const fail = (error: unknown): void => {
      limit.removeEventListener('abort', onAbort)
      socket.destroy()
      const why = unixSentences[systemCode(error) ?? ''] ?? `cannot be reached: ${messageOf(error)}`
      const message = `the socket "${path}" ${why}`
      reject(new UpstreamError('upstream-unreachable', message, { cause: error }))
    }
    const onAbort = (): void => fail(limit.reason)
    // Stays for the socket's life, so that an error before its next owner listens is not unhandled.
    socket.on('error', fail)
    socket.once('connect', () => {
      limit.removeEventListener('abort', onAbort)
      resolve(socket)
    })
    if (limit.aborted) onAbort()
    else limit.addEventListener('abort', onAbort, { once: true })
  })
}
