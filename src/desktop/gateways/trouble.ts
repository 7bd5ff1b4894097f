import { AccessError, AppError, messageOf } from '../../errors.ts'
import { RefusedError } from '../../reach/refused.ts'
import { CutError, LostError } from '../../client/ways/ended.ts'
import type { ReadConnections } from '../connections/connections-file.ts'
import type { ConnectionState, Trouble } from '../wire/view.ts'

/** What kind of trouble an error is: the state that it makes, or `gateway` for what its gateway's own state tells. */
export type TroubleKind = Extract<
  ConnectionState,
  'denied' | 'service-unreachable' | 'failed' | 'sign-in-needed' | 'gateway-unreachable'
>

/** What a person is told of an error. */
export function troubleOf(error: unknown, nowMs: number): Trouble {
  const at = new Date(nowMs).toISOString()
  if (!(error instanceof AppError)) {
    const hint = 'this is a fault of postern: report it with what the log says'
    return { code: 'internal', message: `internal error: ${messageOf(error)}`, hint, at }
  }
  const { code, message, hint } = error
  const details: Partial<Record<string, unknown>> = Object.fromEntries(Object.entries(error))
  const { requestId, page, reasons } = details
  const why =
    Array.isArray(reasons) && reasons.length > 0 && error instanceof RefusedError
      ? ` (${reasons.join(', ')})`
      : ''
  return {
    code,
    message: `${message}${why}`,
    at,
    ...(hint !== undefined && { hint }),
    ...(typeof requestId === 'string' && requestId !== '' && { request_id: requestId }),
    ...(typeof page === 'string' && { page }),
  }
}

/** Statuses by which a gateway says that this person or device may not. */
const denials: ReadonlySet<number> = new Set([403, 450, 495])

/** Ends of a tunnel by which the gateway takes somebody's access away. */
const denyingEnds: ReadonlySet<string> = new Set([
  'policy-changed',
  'access-ended',
  'person-blocked',
])

/** Sorts what went wrong with a connection by what the person has to do. */
export function kindOf(error: unknown): TroubleKind {
  if (error instanceof CutError) {
    if (error.ended.startsWith('session-')) return 'sign-in-needed'
    return denyingEnds.has(error.ended) ? 'denied' : 'failed'
  }
  if (error instanceof LostError) return 'failed'
  if (error instanceof RefusedError) {
    if (denials.has(error.status)) return 'denied'
    return error.code === 'upstream-unreachable' ? 'service-unreachable' : 'failed'
  }
  if (!(error instanceof AppError)) return 'failed'
  if (error instanceof AccessError && error.code.startsWith('sign-in-')) return 'sign-in-needed'
  return isOfTheWay(error.code) ? 'gateway-unreachable' : 'failed'
}

/** Whether an error says that the gateway was not reached, or is not believed. */
function isOfTheWay(code: string): boolean {
  return /^(?:gateway-|proxy-|not-a-gateway$)/.test(code)
}

/** What a person is told of a file of connections that was set aside. */
export function damagedFile(
  { path, why }: NonNullable<ReadConnections['damaged']>,
  nowMs: number,
): Trouble {
  return {
    code: 'connections-damaged',
    message: `the file of your connections could not be read (${why}): it is kept as "${path}"`,
    hint: 'mend it and import it, or add your connections again',
    at: new Date(nowMs).toISOString(),
  }
}
