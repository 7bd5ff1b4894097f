import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HostPort } from '../../address.ts'
import { systemClock } from '../../clock.ts'
import { PeerError, UpstreamError, messageOf, systemCode } from '../../errors.ts'
import { openNamed, type OpenOriginOptions } from './open-origin.ts'
import {
  encodeMethod,
  encodeReply,
  parseGreeting,
  parseRequest,
  type Parsed,
  type SocksReply,
} from './socks-messages.ts'

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
/**
 * More than the longest message: a name of 255 bytes, or as many methods.
 *
 * @limit none: a message of SOCKS has its length in one byte
 */
const maxMessageBytes = 1_024

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
  const isAcceptable = await readMessage(stream, parseGreeting, options)
  stream.write(encodeMethod(isAcceptable))
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

/** Reads one message; what follows it goes back into the stream. */
function readMessage<T>(
  stream: Duplex,
  parse: (input: Buffer) => Parsed<T>,
  { signal, clock = systemClock }: OpenOriginOptions,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let input = Buffer.alloc(0)
    const timer = clock.schedule(socksTimeoutMs, () => fail('says nothing'))
    const release = (): void => {
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', onAbort)
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
    }
    function fail(why: string): void {
      release()
      reject(new PeerError('not-socks', `the other end ${why}`))
    }
    const onEnd = (): void => fail('has ended before it said what it wants')
    const onAbort = (): void => fail('has gone')
    function onReadable(): void {
      for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read()) {
        input = Buffer.concat([input, chunk])
      }
      try {
        const parsed = parse(input)
        if (parsed === undefined) {
          return input.length > maxMessageBytes ? fail('does not speak SOCKS 5') : undefined
        }
        release()
        const rest = input.subarray(parsed.usedBytes)
        if (rest.length > 0) stream.unshift(rest)
        resolve(parsed.value)
      } catch (error) {
        release()
        reject(error instanceof PeerError ? error : new PeerError('not-socks', messageOf(error)))
      }
    }
    stream.on('readable', onReadable).on('end', onEnd).on('close', onEnd)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    if (stream.destroyed || stream.readableEnded) onEnd()
  })
}
