import type { ClientHttp2Stream } from 'node:http2'
import { systemCode } from '../../errors.ts'
import type { Clock } from '../../clock.ts'
import { connectorError, readFault } from './faults.ts'

export interface AwaitOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Whether the connection of the stream is over. */
  readonly isLost: () => boolean
  /** Given what ends the wait early, until it is over. */
  readonly waiting: Set<(error: Error) => void>
}

/**
 * Waits for the 200 of a stream. A stream without one is destroyed.
 *
 * @throws UpstreamError of `faults.ts`
 */
export function awaitAnswer(
  stream: ClientHttp2Stream,
  { clock, timeoutMs, signal, isLost, waiting }: AwaitOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      release()
      // With an error: without one it would be an end in order.
      stream.destroy(error)
      reject(error)
    }
    const onLost = (cause?: Error): void => {
      // Bun refuses by itself what is beyond the last stream that a GOAWAY names: the connection takes no more of us.
      const isRefused = systemCode(cause) === 'ERR_HTTP2_GOAWAY_SESSION'
      const [code, what] =
        isRefused || isLost()
          ? (['lost', 'was lost'] as const)
          : (['reset', 'has reset the stream'] as const)
      fail(connectorError(code, `the connector ${what} before it answered`, cause))
    }
    const onAbort = (): void => {
      fail(connectorError('cancelled', 'the stream was given up', signal?.reason))
    }
    const timer = clock.schedule(timeoutMs, () =>
      fail(connectorError('timeout', 'the connector did not answer in time')),
    )
    function release(): void {
      timer[Symbol.dispose]()
      waiting.delete(fail)
      signal?.removeEventListener('abort', onAbort)
      stream.off('close', onLost).off('error', onLost)
    }
    waiting.add(fail)
    // Stays for the life of the stream: whoever has it finds out by itself.
    stream.on('error', () => undefined)
    stream.once('error', onLost).once('close', onLost)
    stream.once('response', (headers) => {
      if (headers[':status'] !== 200) return fail(readFault(headers))
      release()
      resolve()
    })
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}
