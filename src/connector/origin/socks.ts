import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HostPort } from '../../address.ts'
import { systemClock } from '../../clock.ts'
import { PeerError, UpstreamError, systemCode } from '../../errors.ts'
import {
  encodeMethod,
  encodeReply,
  parseGreeting,
  parseRequest,
  type Parsed,
  type SocksReply,
} from '../../net/socks-messages.ts'
import { readSocksMessage } from '../../net/read-socks-message.ts'
import { openNamed, type OpenOriginOptions } from './open-origin.ts'

/** What a program at the other end of a stream has asked for, connected to. */
export interface SocksConnection {
  readonly target: HostPort
  readonly socket: Socket
}

/**
 * Longest wait for one message, in milliseconds.
 *
 * @limit time for a program to say by SOCKS what it wants, after its stream has opened: the stream is ended
 */
const socksTimeoutMs = 30_000
const replies: Readonly<Record<string, SocksReply>> = {
  ECONNREFUSED: 'connection-refused',
  ENETUNREACH: 'network-unreachable',
}

/**
 * Speaks SOCKS 5 to the other end of a stream, dials what it asks for where `ipRules` allow it, and says that
 * it did. What came behind the request stays in the stream.
 *
 * @throws PeerError `not-socks`, or UpstreamError `upstream-unreachable` or `not-allowed`; the other end has
 * been told
 */
export async function openBySocks(
  stream: Duplex,
  options: OpenOriginOptions,
): Promise<SocksConnection> {
  const offered = await readMessage(stream, parseGreeting, options)
  const isAcceptable = offered.has('none')
  stream.write(encodeMethod(isAcceptable ? 'none' : 'unacceptable'))
  if (!isAcceptable) throw new PeerError('not-socks', 'the other end wants to authenticate itself')
  const { command, target } = await readMessage(stream, parseRequest, options)
  if (command !== 'connect') throw refusal(stream, 'command-not-supported')
  if (target === undefined) throw refusal(stream, 'address-not-supported')
  try {
    const socket = await openNamed(target, options)
    stream.write(encodeReply('succeeded'))
    return { target, socket }
  } catch (error) {
    stream.write(encodeReply(replyOf(error)))
    throw error
  }
}

function refusal(stream: Duplex, reply: SocksReply): PeerError {
  stream.write(encodeReply(reply))
  return new PeerError('not-socks', `the other end asks for what there is not: ${reply}`)
}

function replyOf(error: unknown): SocksReply {
  if (error instanceof UpstreamError && error.code === 'not-allowed') return 'not-allowed'
  const cause = error instanceof Error ? error.cause : undefined
  return replies[systemCode(cause) ?? ''] ?? 'host-unreachable'
}

/** Waits for one message, however its bytes are spread over that time. */
async function readMessage<T>(
  stream: Duplex,
  parse: (input: Buffer) => Parsed<T>,
  { signal, clock = systemClock }: OpenOriginOptions,
): Promise<T> {
  const late = new AbortController()
  using _timer = clock.schedule(socksTimeoutMs, () => late.abort('says nothing'))
  const onGone = (): void => late.abort('has gone')
  if (signal.aborted) onGone()
  signal.addEventListener('abort', onGone)
  try {
    return await readSocksMessage(stream, parse, late.signal)
  } finally {
    signal.removeEventListener('abort', onGone)
  }
}
