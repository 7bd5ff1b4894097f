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

/**
 * Longer than it takes to reach a service whose first packets were lost (RFC 6298 section 5: 1, 3 and 7 s). A connector
 * waits longer for one by itself, as long as nobody else could do better.
 *
 * @limit time for a connector to answer for a stream while another connector is there: that one is tried
 */
const slowAfterMs = 10_000

/** A connector is there and does not say whether it can open a stream. */
export class LinkSlowError extends UpstreamError {}

/** Not a byte has come since a connection was asked for one: it may be dead, or its line busy. */
export class LinkSilentError extends UpstreamError {}

export interface LeaveSilentOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Whether there is somebody else to ask. */
  readonly hasOther: () => boolean
  /** Whether there is another connector, and not another connection alone. */
  readonly hasOtherConnector: () => boolean
}

/**
 * Opens a stream on a connection, which is left when it turns out to be silent: it is known to be dead only
 * seconds later, which is long for whoever waits. One that does not answer is left for another connector.
 *
 * @throws UpstreamError as `Link.openStream`; LinkSilentError `connector-silent`; LinkSlowError `connector-slow`
 */
export async function openUnlessSilent(
  link: Link,
  request: StreamRequest,
  { clock, signal, hasOther, hasOtherConnector }: LeaveSilentOptions,
): Promise<Duplex> {
  const leaving = new AbortController()
  const leave = (why: UpstreamError): void => leaving.abort(why)
  using waits = new DisposableStack()
  const wait = (ms: number, then: () => void): void => void waits.use(clock.schedule(ms, then))
  wait(askAfterMs, () => {
    const isThere = link.probe()
    wait(silentAfterMs, () => {
      if (!isThere() && hasOther()) leave(new LinkSilentError('connector-silent', silent))
    })
  })
  wait(slowAfterMs, () => {
    if (hasOtherConnector()) leave(new LinkSlowError('connector-slow', slow))
  })
  try {
    return await link.openStream(request, AbortSignal.any([signal, leaving.signal]))
  } catch (error) {
    if (!leaving.signal.aborted || signal.aborted) throw error
    throw leaving.signal.reason
  }
}

const silent = 'the connector says nothing for now'
const slow = 'the connector does not say whether it can open a stream'
