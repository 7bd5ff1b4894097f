import { AccessError, AppError, PeerError, UpstreamError } from '../../errors.ts'
import { DeniedError } from '../../access/denied.ts'
import { LimitedError } from '../../identity/rate-limit.ts'

/** A "no" as a caller sees it: a status, a stable code, one sentence and what to do next. */
export interface Refusal {
  readonly status: number
  /** Snake case, as in the access log's `response-code-details`; documented, never renamed. */
  readonly code: string
  readonly message: string
  readonly next: string
  /** Only for somebody who is signed in. */
  readonly reasons: readonly string[]
  /** Where the person it concerns reads more; only for somebody who is signed in. */
  readonly page?: string | undefined
  /** Where to sign in, for a redirect. */
  readonly location?: string | undefined
  /** When it is worth asking again. */
  readonly retryAfterSeconds?: number | undefined
}

const statuses: Readonly<Record<string, number>> = {
  'request-timeout': 408,
  'sign-in-required': 401,
  'credential-unknown': 401,
  'policy-denied': 403,
  'origin-not-allowed': 403,
  // nginx's number for it, which Pomerium answers too (reference 3.3).
  'client-certificate-required': 495,
  'client-certificate-invalid': 495,
  'route-not-found': 404,
  'application-not-found': 404,
  'upstream-unreachable': 503,
  'provider-unavailable': 503,
  'store-unavailable': 503,
  'device-code-unknown': 404,
  'publish-credential-required': 401,
  'publish-credential-invalid': 401,
  'publish-credential-revoked': 401,
  'publish-credential-expired': 401,
  'tunnel-not-found': 404,
  'hostname-not-found': 404,
  'access-request-not-found': 404,
  'access-request-exists': 409,
  conflict: 409,
  'too-many-access-requests': 429,
  'tunnel-exists': 409,
  'tunnel-name-reserved': 409,
  'tunnel-connected': 409,
  'tunnel-in-use': 409,
  'tunnel-busy': 409,
  'hostname-taken': 409,
  // Stock clients forget their sign-in at a 429 (reference 0.1, G4).
  'too-many-tunnels': 503,
  'decision-unsettled': 503,
  'gateway-exhausted': 503,
  'gateway-leaving': 503,
}

/**
 * Turns whatever was thrown into a refusal. An error that was not thrown on purpose tells the caller
 * nothing of itself.
 */
export function toRefusal(error: unknown): Refusal {
  if (!(error instanceof AppError)) return internalError
  return {
    status: statuses[error.code] ?? fallbackStatus(error),
    ...(error instanceof LimitedError && { retryAfterSeconds: error.retryAfterSeconds }),
    code: error.code.replaceAll('-', '_'),
    message: error.message,
    next:
      error.hint ??
      'try again; if it keeps happening, tell whoever runs this gateway the request id',
    reasons: error instanceof DeniedError ? error.reasons : [],
    ...(error instanceof DeniedError && error.page && { page: error.page.href }),
  }
}

/** The same refusal as a redirect to the sign-in page, for callers that follow one. */
export function asRedirect(refusal: Refusal, location: string): Refusal {
  return { ...refusal, status: 302, location }
}

const internalError: Refusal = {
  status: 500,
  code: 'internal_error',
  message: 'the gateway failed to serve this request',
  next: 'try again; if it keeps happening, tell whoever runs this gateway the request id',
  reasons: [],
}

function fallbackStatus(error: AppError): number {
  if (error instanceof PeerError) return 400
  if (error instanceof LimitedError) return 429
  if (error instanceof AccessError) return 403
  return error instanceof UpstreamError ? 503 : 500
}
