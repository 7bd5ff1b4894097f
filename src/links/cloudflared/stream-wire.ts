// How a stream to a stock connector is asked for, and what its answer says. What decides is an internal header;
// the connector takes every other one for its service's.
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingHttpStatusHeader, OutgoingHttpHeaders } from 'node:http2'

/** The head of an answer. */
export type AnswerHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader

/** Says what kind of stream is asked for; see `upgrades`. */
const upgradeHeader = 'cf-cloudflared-proxy-connection-upgrade'
/** Not empty: bytes to and from the IP address and port that `:authority` names. */
const sourceHeader = 'cf-cloudflared-proxy-src'
/** What the service answered, each name and value in base64 without padding. */
const answerHeader = 'cf-cloudflared-response-headers'
/** The connector writes it into its log. */
const rayHeader = 'cf-ray'

/** The stream on which the connector registers; it is the caller there. */
export const controlHeaders: OutgoingHttpHeaders = {
  ':method': 'GET',
  ':path': '/',
  [upgradeHeader]: 'control-stream',
}

/** A stream whose body replaces the connector's rules. */
export const configurationHeaders: OutgoingHttpHeaders = {
  ':method': 'PUT',
  ':path': '/',
  [upgradeHeader]: 'update-configuration',
  'content-type': 'application/json',
}

/** A stream to the service that the connector's own rules have for a host name, as a WebSocket. */
export function ingressHeaders(
  hostname: string,
  key: string,
  requestId: string,
): OutgoingHttpHeaders {
  return {
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': hostname,
    ':path': '/',
    [upgradeHeader]: 'websocket',
    'sec-websocket-key': key,
    'sec-websocket-version': '13',
    [rayHeader]: requestId,
  }
}

/** A stream of bytes to an IP address and port, whatever the connector's rules are. */
export function rawHeaders(authority: string, requestId: string): OutgoingHttpHeaders {
  return {
    ':method': 'CONNECT',
    ':authority': authority,
    [sourceHeader]: 'tcp',
    [rayHeader]: requestId,
  }
}

/**
 * Whether a WebSocket was opened. A 200 alone proves nothing: a service that is no TCP service, or a rule with
 * a status, is answered so too. Only the value that is made from the key is a WebSocket's (RFC 6455 §4.1).
 */
export function acceptsWebSocket(headers: AnswerHeaders, key: string): boolean {
  if (headers[':status'] !== 200) return false
  return serviceHeader(headers, 'sec-websocket-accept') === acceptOf(key)
}

/** @see https://www.rfc-editor.org/rfc/rfc6455#section-1.3 */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** One header of the service's answer; undefined where it is not there, or more than once. */
function serviceHeader(headers: AnswerHeaders, name: string): string | undefined {
  const found = String(headers[answerHeader] ?? '')
    .split(';')
    .map((pair) => pair.split(':').map((part) => Buffer.from(part, 'base64').toString('latin1')))
    .filter(([key = '']) => key.toLowerCase() === name)
  return found.length === 1 ? found[0]?.[1] : undefined
}

/** What a connector's answer serializes of its service's headers. */
export function serializeHeaders(headers: Readonly<Record<string, string>>): OutgoingHttpHeaders {
  const base64 = (text: string): string =>
    Buffer.from(text, 'latin1').toString('base64').replaceAll('=', '')
  const pairs = Object.entries(headers).map(([name, value]) => `${base64(name)}:${base64(value)}`)
  return { [answerHeader]: pairs.join(';') }
}
