import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import { UpstreamError } from '../errors.ts'
import type { Link, StreamRequest } from '../links/link.ts'

/** Whoever has not answered by then is asked whether it is there; in milliseconds. */
const askAfterMs = 500
/**
 * From that question on: more than there and back takes, and a packet that is sent again (RFC 6298 §2).
 *
 * @limit silence of a connection of a connector that is asked whether it is
 * there, while a stream is being opened: another one is tried first
 */
const silentAfterMs = 1_500

/** Not a byte has come since a connection was asked for one: it may be dead, or its line busy. */
export class LinkSilentError extends UpstreamError {}

export interface LeaveSilentOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Whether there is somebody else to ask. */
  readonly hasOther: () => boolean
}

/**
 * Opens a stream on a connection, which is left when it turns out to be silent: it is known to be dead only
 * seconds later, which is long for whoever waits.
 *
 * @throws UpstreamError as `Link.openStream`; LinkSilentError `connector-silent`
 */
export async function openUnlessSilent(
  link: Link,
  request: StreamRequest,
  { clock, signal, hasOther }: LeaveSilentOptions,
): Promise<Duplex> {
  const leaving = new AbortController()
  let timer = clock.schedule(askAfterMs, () => {
    const isThere = link.probe()
    timer = clock.schedule(silentAfterMs, () => {
      if (!isThere() && hasOther()) leaving.abort()
    })
  })
  try {
    return await link.openStream(request, AbortSignal.any([signal, leaving.signal]))
  } catch (error) {
    if (!leaving.signal.aborted || signal.aborted) throw error
    const message = 'the connector says nothing for now'
    throw new LinkSilentError('connector-silent', message, { cause: error })
  } finally {
    timer[Symbol.dispose]()
  }
}
