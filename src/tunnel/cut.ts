// Why a gateway has cut a tunnel, as its client learns it. Nothing of it goes over the tunnel itself, which
// ends by a reset alone: after the 200 a CONNECT stream carries bytes (RFC 9113 §8.5), and trailers would
// end it in order.
//
// - The 200 has `postern-tunnel: ID`: this gateway can be asked. ID is its request id, which nobody else
//   knows, and needs no further credential.
// - `GET /.postern/v1/cut/ID`, over HTTP/2 on the same connection: 200 and a JSON object of a refusal's form,
//   or 404 when the gateway did not cut it, or no longer knows.
// - A gateway that leaves sends GOAWAY with `postern: CODE` as additional debug data (RFC 9113 §6.8) right
//   before it cuts.
// - A WebSocket is closed with 4001 and `CODE ID` (RFC 6455 §7.1.6).
import { isTunnelId } from './headers.ts'
import { gatewayPaths } from './paths.ts'
import { decodeRefusal, encodeRefusal } from './refusal.ts'

/** Each reason for which a gateway cuts, by the word that its log has for it. */
const sentences = {
  'session-revoked': [
    'the sign-in, or the credential of the service account, was ended',
    'connect again; a person is asked to sign in',
  ],
  'provider-logout': [
    'you were signed out at the sign-in service',
    'connect again, which asks you to sign in',
  ],
  'person-blocked': [
    'you are blocked on this gateway',
    'ask whoever runs the gateway; signing in again does not help',
  ],
  'session-expired': [
    'the sign-in, or the credential of the service account, has expired',
    'connect again; a person is asked to sign in',
  ],
  'policy-changed': [
    'the policy no longer allows it',
    'ask whoever runs the gateway for access, and give the request id',
  ],
  'access-ended': [
    'the access that was given for a while has ended',
    'ask for it again with "postern request" if you still need it',
  ],
  undecided: [
    'the gateway could not find out whether it is still allowed',
    'connect again; if that does not help, give whoever runs the gateway the request id',
  ],
  'route-removed': [
    'the route is gone from the gateway',
    'ask whoever runs the gateway which route replaces it',
  ],
  'route-changed': ['the route leads to another service now', 'connect again'],
  timeout: ['it was open for as long as a tunnel may be', 'connect again'],
  'idle-timeout': [
    'no byte has passed for as long as the route allows',
    'connect again; a keep-alive of the program itself keeps a tunnel open',
  ],
  'stall-timeout': [
    'the service took nothing of what was sent for as long as the route allows',
    'connect again; the service may hang',
  ],
  'cut-by-operator': [
    'whoever runs the gateway ended it',
    'connect again, or ask whoever runs the gateway why',
  ],
  'connector-revoked': [
    'the credential of the connector that leads to the service was replaced',
    'connect again in a moment; if that does not help, ask whoever runs the service whether its connector has the new one',
  ],
  'named-tunnel-deleted': [
    'the service is no longer published: the named tunnel that led to it was deleted',
    'ask whoever runs the service how it is reached now',
  ],
  shutdown: ['the gateway stops or restarts', 'connect again'],
} as const satisfies Record<string, readonly [message: string, next: string]>

export type CutCode = keyof typeof sentences

/** Why a tunnel was cut. */
export interface CutReason {
  /** One of `CutCode`, or what a newer gateway says. */
  readonly code: string
  /** What happened, as one sentence. */
  readonly message: string
  /** What its user can do about it; empty when the gateway does not say. */
  readonly next: string
  /** The policy's, for `policy-changed`. */
  readonly reasons: readonly string[]
  readonly requestId: string
}

/** A word of the gateway's log. */
const codeForm = /^[a-z][a-z-]{0,39}$/

/** What a code says by itself. */
export function cutReason(code: CutCode, requestId: string): CutReason {
  const [message, next] = sentences[code]
  return { code, message, next, reasons: [], requestId }
}

/** What the 404 says, in the form of a refusal. */
export const notCutCode = 'tunnel_not_cut'

/** The path by which a gateway is asked for the end of a tunnel; undefined for what is no id of one. */
export function formatCutPath(id: string): string | undefined {
  return isTunnelId(id) ? gatewayPaths.cut + id : undefined
}

/** Writes a reason as the JSON body of an answer. */
export function encodeCut(reason: CutReason): string {
  return encodeRefusal(reason)
}

/**
 * Reads the JSON body of an answer about the tunnel `id`. Undefined when it is none. What it answers can be
 * shown: every text is short, and a terminal obeys nothing of it.
 */
export function decodeCut(text: string, id: string): CutReason | undefined {
  const { code = '', message = '', next = '', reasons = [] } = decodeRefusal(text) ?? {}
  if (!codeForm.test(code)) return undefined
  const own = isCutCode(code) ? cutReason(code, id) : undefined
  return {
    code,
    message: message || (own?.message ?? `the gateway ended it (${code})`),
    next: next || (own?.next ?? ''),
    reasons,
    requestId: id,
  }
}

const goAwayStart = 'postern: '

/** The additional debug data of a GOAWAY after which tunnels are cut. */
export function encodeGoAway(code: CutCode): Buffer {
  return Buffer.from(goAwayStart + code)
}

/** Reads that of whoever sent one; undefined when it says nothing about tunnels. */
export function decodeGoAway(data: Uint8Array | undefined): CutCode | undefined {
  if (data === undefined || data.length > maxCloseBytes) return undefined
  const text = Buffer.from(data).toString('latin1')
  const code = text.startsWith(goAwayStart) ? text.slice(goAwayStart.length) : ''
  return isCutCode(code) ? code : undefined
}

/**
 * RFC 6455 §5.5: a control frame has at most 125 bytes, two of which are the close code.
 *
 * @limit the reason of a cut in the close of a WebSocket, or in a GOAWAY: a longer one is not read
 */
const maxCloseBytes = 123

/** The text with which a WebSocket is closed that is cut. */
export function encodeCloseText(code: CutCode, requestId: string): string {
  return `${code} ${requestId}`.slice(0, maxCloseBytes)
}

/** Reads such a text; undefined when it is none. */
export function decodeCloseText(text: Uint8Array): CutReason | undefined {
  const [code = '', id = ''] = Buffer.from(text).toString('latin1').split(' ')
  return isCutCode(code) && isTunnelId(id) ? cutReason(code, id) : undefined
}

function isCutCode(code: string): code is CutCode {
  return Object.hasOwn(sentences, code)
}
