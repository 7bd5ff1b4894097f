import type { Clock } from '../../clock.ts'
import { AccessError, PeerError, UpstreamError } from '../../errors.ts'
import type { FromConnector, FromGateway } from '../../tunnel/connector/protocol.ts'
import type { ConnectorEnd } from '../../tunnel/connector/session.ts'
import { printable } from '../../terminal-text.ts'

/** What a connector registers with. */
export type Registration = Extract<FromConnector, { readonly type: 'register' }>

/** The gateway's answer, and what it says from then on. */
export interface Registered {
  readonly answer: Extract<FromGateway, { readonly type: 'registered' }>
  /** The one reader of the control stream goes on with it. */
  readonly messages: AsyncIterator<FromGateway>
}

/** The gateway will not have this connector, and trying again would change nothing. */
export class TunnelRefusedError extends AccessError {}

/**
 * Longest wait for the answer to a registration, in milliseconds.
 *
 * @limit time for a gateway to answer a connector's registration: it tries again
 */
const answerTimeoutMs = 15_000

/**
 * Registers a connection. What a gateway says before its answer is left out.
 *
 * @throws TunnelRefusedError `tunnel-refused`; UpstreamError `registration-refused` where it may try again, or
 * `registration-lost`
 */
export async function register(
  end: ConnectorEnd,
  registration: Registration,
  clock: Clock,
): Promise<Registered> {
  const timer = clock.schedule(answerTimeoutMs, () => {
    end.destroy(new PeerError('registration-lost', 'the gateway does not answer the registration'))
  })
  const messages = end.control.messages[Symbol.asyncIterator]()
  end.control.send(registration)
  try {
    for (;;) {
      const { value, done } = await messages.next()
      if (done === true) throw lost(await end.ended)
      if (value.type === 'registered') return { answer: value, messages }
      if (value.type === 'refused') throw refused(value)
      if (value.type === 'draining') throw lost(new Error('the gateway is about to end'))
    }
  } finally {
    timer[Symbol.dispose]()
  }
}

function refused({ code, message, next, retry }: FromGateway & { type: 'refused' }): Error {
  const text = printable(message) || `the gateway refuses this connector (${printable(code)})`
  const hint = printable(next) || undefined
  return retry
    ? new UpstreamError('registration-refused', text, { hint })
    : new TunnelRefusedError('tunnel-refused', text, { hint })
}

function lost(cause: Error | undefined): UpstreamError {
  const why = cause === undefined ? 'ended the connection' : `was lost: ${cause.message}`
  return new UpstreamError('registration-lost', `the gateway ${why} before it took the connector`, {
    cause,
  })
}
