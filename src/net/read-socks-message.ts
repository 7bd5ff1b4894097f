import type { Duplex } from 'node:stream'
import { PeerError, messageOf } from '../errors.ts'
import type { Parsed } from './socks-messages.ts'

/**
 * More than the longest message: a name of 255 bytes, or as many methods.
 *
 * @limit none: a message of SOCKS has its length in one byte
 */
const maxMessageBytes = 1_024

/**
 * Reads one message; what follows it goes back into the stream. The reason of `signal` goes on after "the other end".
 *
 * @throws PeerError `not-socks`
 */
export function readSocksMessage<T>(
  stream: Duplex,
  parse: (input: Buffer) => Parsed<T>,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let input = Buffer.alloc(0)
    const release = (): void => {
      signal.removeEventListener('abort', onAbort)
      stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd)
    }
    function fail(why: string): void {
      release()
      reject(new PeerError('not-socks', `the other end ${why}`))
    }
    const onEnd = (): void => fail('has ended before it said what it wants')
    const onAbort = (): void => fail(String(signal.reason))
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
