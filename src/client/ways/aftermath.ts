import type { Duplex } from 'node:stream'
import { abandon } from '../../net/abandon.ts'
import { type RelayCause } from '../../net/relay.ts'
import type { CutReason } from '../../tunnel/cut.ts'

/** What can be learnt of a tunnel once it is over. */
export interface Aftermath {
  /** Names the tunnel in the gateway's log. */
  readonly requestId: string
  /** Whether a cut looks like an orderly end on this transport. */
  readonly hidesCuts: boolean
  /** Asks the gateway, in bounded time. Rejects when it cannot be asked. */
  whyCut(signal: AbortSignal): Promise<CutAnswer>
}

/** Why the gateway cut a tunnel, or that it did not; undefined when it does not say. */
export type CutAnswer = CutReason | 'not-cut' | undefined

/** What was learnt. */
export interface TunnelFate {
  /** Undefined for a gateway that cannot be asked. */
  readonly requestId?: string
  /** `no-answer`: where the gateway has been, nobody answers. */
  readonly cut?: CutAnswer | 'no-answer'
}

/**
 * Time for the answer, in milliseconds. Both ends of the tunnel are closed by then; only a program that
 * lives for one tunnel waits.
 *
 * @limit time for the gateway's answer why a tunnel has ended: it is told as lost
 */
const answerTimeoutMs = 3_000

/** Learns why a tunnel has ended as `cause` says, where its gateway may have cut it. Never rejects. */
export type LearnFate = (cause: RelayCause) => Promise<TunnelFate>

/**
 * Follows a tunnel. Where a cut looks like an end of the service's direction alone, the gateway is asked at
 * that end, and a tunnel that it has cut is aborted: its program would go on writing to nobody.
 */
export function followTunnel(tunnel: Duplex, aftermath: Aftermath, signal: AbortSignal): LearnFate {
  const { requestId, hidesCuts } = aftermath
  let asked: Promise<TunnelFate> | undefined
  if (hidesCuts) {
    tunnel.once('end', () => {
      asked = ask(aftermath, signal)
      void asked.then(({ cut }) => {
        if (typeof cut === 'object') abandon(tunnel, new Error(`cut by the gateway: ${cut.code}`))
      })
    })
  }
  return async (cause) => {
    const mayBeCut = cause === 'upstream-reset' || (hidesCuts && cause !== 'client-reset')
    if (!mayBeCut) return { requestId }
    asked ??= ask(aftermath, signal)
    return asked
  }
}

async function ask({ requestId, whyCut }: Aftermath, signal: AbortSignal): Promise<TunnelFate> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)])
  try {
    return { requestId, cut: await whyCut(deadline) }
  } catch {
    return deadline.aborted ? { requestId } : { requestId, cut: 'no-answer' }
  }
}
