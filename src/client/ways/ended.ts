import { AccessError, UpstreamError, type AppError } from '../../errors.ts'
import type { RelayEnd } from '../../net/relay.ts'
import type { CutReason } from '../../tunnel/cut.ts'
import type { TunnelFate } from './aftermath.ts'

/** How a tunnel ended, and what its gateway says of it. */
export type TunnelEnded = RelayEnd & TunnelFate

/** The gateway has ended a tunnel before its programs did, and says why. */
export class CutError extends AccessError {
  /** The word of the gateway's log for it, such as `policy-changed`. */
  readonly ended: string
  readonly reasons: readonly string[]
  readonly requestId: string

  constructor({ code, message, next, reasons, requestId }: CutReason, authority: string) {
    super('tunnel-cut', `the gateway cut the tunnel to "${authority}": ${message}`, {
      hint: next || undefined,
    })
    this.ended = code
    this.reasons = reasons
    this.requestId = requestId
  }
}

/** Something has ended a tunnel before its programs did, and the gateway does not say that it was the gateway. */
export class LostError extends UpstreamError {
  /** Names the tunnel in the gateway's log; empty when the gateway gave none. */
  readonly requestId: string

  constructor({ cause, cut, error, requestId = '' }: TunnelEnded, authority: string) {
    const isReset = cause === 'upstream-reset'
    const what = isReset ? 'was lost before its end' : 'may have been lost before its end'
    super('tunnel-lost', `the tunnel to "${authority}" ${what}`, {
      cause: error,
      hint: isReset && cut === 'not-cut' ? resetHint : isReset ? lostHint : doubtHint,
    })
    this.requestId = requestId
  }
}

const resetHint =
  "the gateway did not cut it: the service reset it, or something on the way did; the gateway's log says which"
const lostHint =
  "the service reset it, the gateway's policy changed, or the connection was lost; the gateway's log says which"
const doubtHint =
  'the gateway stopped answering at that moment, and over HTTP/1.1 an end and a loss look the same: it may have been restarted'

/** What to tell of a tunnel that has ended; undefined when that was in order. */
export function endedError(ended: TunnelEnded, authority: string): AppError | undefined {
  if (typeof ended.cut === 'object') return new CutError(ended.cut, authority)
  const isLost = ended.cause === 'upstream-reset' || ended.cut === 'no-answer'
  return isLost ? new LostError(ended, authority) : undefined
}
