import { printable } from '../terminal-text.ts'

/** What the gateway says with a "no", whatever its status. */
export interface RefusalBody {
  /** Stable, snake case, documented: `policy_denied`, `route_not_found`, … */
  readonly code: string
  /** What happened: one sentence, lower case, no full stop. */
  readonly message: string
  /** What the caller can do about it; empty when the other side did not say. */
  readonly next: string
  /** Names the request in the gateway's logs; empty when the other side did not say. */
  readonly requestId: string
  /** Why the policy said no; only for somebody who is signed in. */
  readonly reasons?: readonly string[]
  /** The address of a page that explains it to the person it concerns; only for somebody who is signed in. */
  readonly page?: string | undefined
}

/**
 * Most reasons that are shown.
 *
 * @limit reasons of a refusal that are shown: the rest is left out
 */
const maxReasons = 20

/** Writes a refusal as the JSON body of an HTTP answer. */
export function encodeRefusal(refusal: RefusalBody): string {
  const { code, message, next, requestId, reasons = [], page } = refusal
  return JSON.stringify({
    error: code,
    message,
    next,
    request_id: requestId,
    ...(reasons.length > 0 ? { reasons } : {}),
    ...(page === undefined ? {} : { page }),
  })
}

/**
 * Reads the JSON body of a refusal, ours or one of a stock Pomerium, whose shapes have an error or
 * status text and a request id but no sentence. Undefined when the text is neither. What it answers
 * can be printed on a terminal: control characters are gone and every text is bounded.
 */
export function decodeRefusal(text: string): RefusalBody | undefined {
  const fields = parseObject(text)
  if (fields === undefined) return undefined
  const code = firstText(fields, 'error', 'statusText')
  if (code === '') return undefined
  const reasons = Array.isArray(fields['reasons']) ? fields['reasons'].slice(0, maxReasons) : []
  return {
    code,
    message: firstText(fields, 'message'),
    next: firstText(fields, 'next'),
    requestId: firstText(fields, 'request_id', 'requestId'),
    reasons: reasons.map(printable).filter((reason) => reason !== ''),
    ...pageIn(fields['page']),
  }
}

/** Only what a person can open without harm, and whole: a terminal may make a link of it. */
function pageIn(value: unknown): { readonly page?: string } {
  const url = URL.parse(printable(value))
  const isWhole = url !== null && printable(url.href) === url.href
  return isWhole && url.protocol === 'https:' ? { page: url.href } : {}
}

function firstText(fields: Readonly<Record<string, unknown>>, ...names: string[]): string {
  return names.map((name) => printable(fields[name])).find((text) => text !== '') ?? ''
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
