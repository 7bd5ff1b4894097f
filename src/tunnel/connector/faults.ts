import type { IncomingHttpHeaders } from 'node:http2'
import { UpstreamError } from '../../errors.ts'
import { printable } from '../../terminal-text.ts'
import { faultHeader, faultTextHeader, type StreamFault } from './protocol.ts'

/** The status by which a connector refuses a stream; the word says what it means. */
const statuses: Readonly<Record<StreamFault, number>> = {
  'no-rule': 404,
  'not-served': 501,
  'origin-unreachable': 502,
  'bad-grant': 403,
  draining: 503,
  busy: 503,
}

/** What is said where a connector gives no sentence of its own. */
const sentences: Readonly<Record<StreamFault, string>> = {
  'no-rule': 'none of its rules is for this name',
  'not-served': 'its rule for this name carries no bytes',
  'origin-unreachable': 'it does not reach the service',
  'bad-grant': 'it does not take the grant',
  draining: 'it is about to end',
  busy: 'it takes no more streams now',
}

/** The head of an answer that refuses a stream. */
export function formatFault(fault: StreamFault, text: string): Record<string, string | number> {
  // A field's value is visible ASCII and blanks (RFC 9110 §5.5); an error's words may be anything.
  const line = encodeURI(printable(text).toWellFormed()).replaceAll('%20', ' ')
  return { ':status': statuses[fault], [faultHeader]: fault, [faultTextHeader]: line }
}

/** Reads an answer that is no 200. One without a word that we know is a protocol of its own. */
export function readFault(headers: IncomingHttpHeaders): UpstreamError {
  const fault = headers[faultHeader]
  if (!isFault(fault)) {
    return connectorError('protocol', `the connector answers ${String(headers[':status'])}`)
  }
  const text = decoded(headers[faultTextHeader]) || sentences[fault]
  return connectorError(fault, `the connector refuses the stream: ${text}`)
}

/** Why a stream did not open, where the connector has not said it itself. */
export type StreamFailure =
  /** The connection ended. */
  | 'lost'
  /** The stream alone ended: its service may have gone as soon as it was reached. */
  | 'reset'
  /** Nothing comes over the connection. */
  | 'silent'
  /** The connection has as many streams as the connector takes. */
  | 'full'
  /** No answer came in time. */
  | 'timeout'
  /** What was answered is nothing that we know. */
  | 'protocol'
  /** Whoever asked has given up. */
  | 'cancelled'

export function connectorError(
  code: StreamFault | StreamFailure,
  message: string,
  cause?: unknown,
): UpstreamError {
  return new UpstreamError(`connector-${code}`, message, { cause })
}

function isFault(value: unknown): value is StreamFault {
  return typeof value === 'string' && Object.hasOwn(statuses, value)
}

function decoded(value: string | string[] | undefined): string {
  if (typeof value !== 'string') return ''
  try {
    return printable(decodeURIComponent(value))
  } catch {
    return printable(value)
  }
}
