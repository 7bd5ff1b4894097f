import { parseAccept } from 'hono/utils/accept'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { refusalPage } from './refusal-page.ts'
import { securityHeaders } from '../html/layout.ts'
import type { Refusal } from './refusal.ts'

/** A whole HTTP answer, independent of the HTTP version. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Writes a refusal as HTML or JSON, whichever `accept` prefers; HTML when it says nothing, as Pomerium
 * does (reference 3.4).
 */
export function renderRefusal(
  refusal: Refusal,
  requestId: string,
  accept: string | undefined,
): Answer {
  const asHtml = prefersHtml(accept)
  const body = asHtml ? refusalPage(refusal, requestId) : encodeRefusal({ ...refusal, requestId })
  return {
    status: refusal.status,
    headers: {
      'content-type': asHtml ? 'text/html; charset=UTF-8' : 'application/json; charset=UTF-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...(asHtml ? securityHeaders : {}),
      ...(refusal.location === undefined ? {} : { location: refusal.location }),
      ...(refusal.retryAfterSeconds && { 'retry-after': String(refusal.retryAfterSeconds) }),
    },
    body,
  }
}

/** Writes a refusal as one line for whoever speaks to the wrong port: a browser, curl, a person. */
export function renderPlainRefusal({ status, message, next }: Refusal, requestId: string): Answer {
  const body = `${message}: ${next}\n`
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=UTF-8',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-request-id': requestId,
    },
    body,
  }
}

/**
 * Longest `Accept` that is looked at, in characters; a longer one counts as absent.
 *
 * @limit the header `Accept`: it counts as absent
 */
const maxAcceptLength = 1024

/** Whether an `Accept` header prefers HTML to JSON; true when it is absent or takes anything. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '' || accept.length > maxAcceptLength) return true
  const ranges = parseAccept(accept)
  const html = quality(ranges, ['text/html', 'application/xhtml+xml', 'text/*', '*/*'])
  const json = quality(ranges, ['application/json', 'application/*'])
  return html > 0 && html >= json
}

function quality(ranges: ReturnType<typeof parseAccept>, types: readonly string[]): number {
  return Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map(({ q }) => q))
}
