import { HTTPException } from 'hono/http-exception'
import { ConflictError } from '../../control/conflict.ts'
import { AppError, ConfigError } from '../../errors.ts'
import { toRefusal } from '../../pages/answers/refusal.ts'
import type { ValueFault } from '../../schema.ts'
import { formatPath } from '../../yaml-text.ts'
import type { Fault, Problem } from '../wire/common.ts'

/** What was sent is not what the endpoint takes. */
export class InputError extends AppError {
  readonly problems: readonly Problem[]

  /** `part` is where the faults lie: `path`, `query` or `body`. */
  constructor(part: string, faults: readonly ValueFault[]) {
    super('malformed-request', `the ${part} of this request is not what is expected here`)
    this.problems = faults.map(({ path, message, hint }) => ({
      path: formatPath([part, ...path]),
      message,
      ...(hint === undefined ? {} : { hint }),
    }))
  }
}

/** Whatever was thrown, as a status and the body that goes with it. */
export function toFault(
  error: unknown,
  requestId: string,
): { readonly status: number; readonly body: Fault } {
  const request_id = requestId
  if (error instanceof HTTPException)
    return { status: error.status, body: { ...ofLibrary(error), request_id } }
  const { code, message, status } = toRefusal(error)
  const hint = error instanceof AppError ? error.hint : undefined
  return {
    status: statusOf(error, status),
    body: {
      error: code,
      message: error instanceof ConfigError ? 'this document has faults' : message,
      ...(hint === undefined ? {} : { hint }),
      request_id,
      ...problemsOf(error),
      ...(error instanceof ConflictError ? { current: error.current } : {}),
    },
  }
}

const statuses: Readonly<Record<string, number>> = {
  'method-not-allowed': 405,
  'too-many-readers': 429,
  'unsupported-media-type': 415,
  'store-busy': 503,
  'nothing-to-reload': 409,
  'no-local-accounts': 409,
  'account-disabled': 409,
  'too-many-accounts': 409,
  'catalog-busy': 503,
  'route-in-file': 409,
  'policy-in-file': 409,
  'too-many-documents': 409,
  'route-ambiguous': 409,
}

/** Codes that other parts of the gateway make as well; theirs are in `pages/answers/refusal.ts`. */
function statusOf(error: unknown, otherwise: number): number {
  if (!(error instanceof AppError)) return otherwise
  if (error instanceof InputError) return 400
  const known = statuses[error.code]
  if (known !== undefined) return known
  if (error instanceof ConfigError) return 422
  if (error.code.endsWith('-not-found')) return 404
  if (error.code === 'conflict' || /-(?:exists|taken|in-use|connected|busy)$/.test(error.code))
    return 409
  return otherwise
}

function problemsOf(error: unknown): Pick<Fault, 'problems'> {
  if (error instanceof InputError) return { problems: [...error.problems] }
  if (!(error instanceof ConfigError)) return {}
  const problems = error.problems.map(({ path, message, hint, source, line, column }) => ({
    path,
    message,
    ...(hint === undefined ? {} : { hint }),
    // Without a line there is no text.
    ...(line === undefined ? {} : { source, line, column: column ?? 1 }),
  }))
  return { problems }
}

/** What the library finds wrong with a request by itself. */
function ofLibrary({ status }: HTTPException): Pick<Fault, 'error' | 'message' | 'hint'> {
  if (status !== 413) return { error: 'malformed_request', message: 'this request cannot be read' }
  return {
    error: 'request_too_large',
    message: 'the body of this request is too large',
    hint: 'send a shorter one',
  }
}
