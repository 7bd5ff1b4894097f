import { randomBytes } from 'node:crypto'
import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import { isIP } from 'node:net'
import { formatAuthority, type HostPort } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { UpstreamError, messageOf } from '../../errors.ts'
import { rawCodec, webSocketCodec, type ByteCodec } from './byte-codec.ts'
import type { ConnectorSession } from './session.ts'
import { acceptsWebSocket, ingressHeaders, rawHeaders, type AnswerHeaders } from './stream-wire.ts'

/**
 * Time for a stock connector to reach its service, in milliseconds.
 *
 * @limit time for a stock connector to open a stream: another connection is tried
 */
const openTimeoutMs = 15_000
/** @limit interim answers of a stock connector to one stream: it is reset */
const maxInterimAnswers = 8

/** What to ask for, and by which proof it was given. */
export interface StreamAsk {
  readonly headers: OutgoingHttpHeaders
  readonly codec: ByteCodec
  isOpen(answer: AnswerHeaders): boolean
}

/** Asks for the service that the connector's own rules have for a name. */
export function askIngress(hostname: string, requestId: string): StreamAsk {
  const key = randomBytes(16).toString('base64')
  return {
    headers: ingressHeaders(hostname, key, requestId),
    codec: webSocketCodec(),
    isOpen: (answer) => acceptsWebSocket(answer, key),
  }
}

/** Asks for an IP address and port; a connector dials nothing else this way. */
export function askRaw(service: HostPort, requestId: string): StreamAsk {
  return {
    headers: rawHeaders(formatAuthority(service), requestId),
    codec: rawCodec,
    isOpen: (answer) => answer[':status'] === 200,
  }
}

/** Whether a service can be asked for by `askRaw`. */
export function isRaw({ host }: HostPort): boolean {
  return isIP(host) !== 0
}

/**
 * Opens one stream. When this fails nothing of it stays.
 *
 * @throws UpstreamError `connector-…`, of `StreamFault`, or `connector-lost` or `connector-timeout`
 */
export function openStream(
  session: ConnectorSession,
  ask: StreamAsk,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<ClientHttp2Stream> {
  return new Promise((resolve, reject) => {
    let interim = 0
    let isSettled = false
    const stream = request(session, ask.headers)
    const settle = (error?: UpstreamError): void => {
      if (isSettled) return
      isSettled = true
      timer[Symbol.dispose]()
      signal.removeEventListener('abort', onAbort)
      if (error === undefined) return resolve(stream)
      stream.destroy(error)
      reject(error)
    }
    const onAbort = (): void => settle(fault('lost', 'nobody waits for the stream any more'))
    const timer = clock.schedule(openTimeoutMs, () =>
      settle(fault('timeout', 'the connector has not opened the stream in time')),
    )
    signal.addEventListener('abort', onAbort)
    stream.on('error', (error) => settle(fault('lost', messageOf(error))))
    stream.on('close', () => settle(fault('lost', 'the connector has reset the stream')))
    stream.on('headers', () => {
      interim += 1
      if (interim > maxInterimAnswers)
        settle(fault('lost', 'the connector answers again and again'))
    })
    stream.on('response', (answer) => {
      // Paused by nobody yet: what follows stays in the stream until somebody reads.
      settle(ask.isOpen(answer) ? undefined : refusal(answer))
    })
    if (signal.aborted) onAbort()
  })
}

function request(session: ConnectorSession, headers: OutgoingHttpHeaders): ClientHttp2Stream {
  try {
    return session.request(headers)
  } catch (error) {
    // It has ended, or was told to.
    throw fault('lost', messageOf(error))
  }
}

/** Whoever answered may be the connector or its service: only a 200 with its proof says which. */
function refusal({ ':status': status }: AnswerHeaders): UpstreamError {
  switch (status) {
    case 502:
      return fault('origin-unreachable', 'the connector has not reached the service')
    case 503:
      return fault('no-rule', 'the connector has no rule for this name')
    default:
      return fault('not-served', `the connector answers ${status} in the place of a TCP service`)
  }
}

function fault(code: string, message: string): UpstreamError {
  return new UpstreamError(`connector-${code}`, message)
}
