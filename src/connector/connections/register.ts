import type { Clock } from '../../clock.ts'
import { AccessError, PeerError, UpstreamError } from '../../errors.ts'
import { isProof, proofOf, type ProofParts } from '../../tunnel/connector/proof.ts'
import type { FromConnector, FromGateway } from '../../tunnel/connector/protocol.ts'
import type { ConnectorEnd } from '../../tunnel/connector/session.ts'
import type { GrantKeys } from '../../tunnel/grant-keys.ts'
import { printable } from '../../terminal-text.ts'
import { version } from '../../version.ts'

/** What a connector registers with. */
export type Registration = Extract<FromConnector, { readonly type: 'register' }>

/** The gateway's answer, and what it says from then on. */
export interface Registered {
  readonly answer: Extract<FromGateway, { readonly type: 'registered' }>
  /** The one reader of the control stream goes on with it. */
  readonly messages: AsyncIterator<FromGateway>
}

/** Who asks, and the secret of its tunnel, which is not said. */
export type Claim = Pick<ProofParts, 'secret' | 'applicant'>

/** The gateway will not have this connector, and trying again would change nothing. */
export class TunnelRefusedError extends AccessError {}

/** The same, by whoever answers at its name: a gateway cannot prove to know a secret that is not the right one. */
export class UnprovedRefusalError extends TunnelRefusedError {}

/**
 * Longest wait for an answer, in milliseconds.
 *
 * @limit time for a gateway to answer a connector's proof, and its registration: it tries again
 */
const answerTimeoutMs = 15_000

/**
 * Proves to know the secret of the tunnel, and has the gateway prove it. Resolves to what the gateway says from then
 * on: until then it is told nothing else, and opens nothing.
 *
 * @throws UpstreamError `gateway-unproved`, UnprovedRefusalError `tunnel-refused`; otherwise as `register`
 */
export async function prove(
  end: ConnectorEnd,
  { secret, applicant }: Claim,
  clock: Clock,
): Promise<AsyncIterator<FromGateway>> {
  const { channel } = end
  if (channel === undefined) throw unproved()
  const parts = { secret, channel, applicant }
  const messages = end.control.messages[Symbol.asyncIterator]()
  end.control.send({ type: 'prove', ...applicant, proof: proofOf('connector', parts) })
  const answer = await answerOf(end, messages, clock).catch((error: unknown) => {
    throw error instanceof TunnelRefusedError ? unprovedRefusal(error) : error
  })
  if (answer.type !== 'proved' || !isProof(answer.proof, 'gateway', parts)) throw unproved()
  return messages
}

/** Says what is trusted and offered now: keys are learnt, and rules are replaced. */
export function registrationOf(
  keys: Pick<GrantKeys, 'thumbprints'>,
  offered: Pick<Registration, 'services' | 'hostnames'>,
): Registration {
  const arch = `${process.platform}_${process.arch}`
  return { type: 'register', version, arch, grantKeys: keys.thumbprints, ...offered }
}

/**
 * Registers a connection with a gateway that has proved itself. What it says before its answer is left out.
 *
 * @throws TunnelRefusedError `tunnel-refused`; UpstreamError `registration-refused` where it may try again, or
 * `registration-lost`
 */
export async function register(
  end: ConnectorEnd,
  messages: AsyncIterator<FromGateway>,
  registration: Registration,
  clock: Clock,
): Promise<Registered> {
  end.control.send(registration)
  const answer = await answerOf(end, messages, clock)
  if (answer.type === 'registered') return { answer, messages }
  throw lost(new PeerError('connector-protocol', 'it proves itself twice'))
}

type Answer = Extract<FromGateway, { readonly type: 'proved' | 'registered' }>

async function answerOf(
  end: ConnectorEnd,
  messages: AsyncIterator<FromGateway>,
  clock: Clock,
): Promise<Answer> {
  using _ = clock.schedule(answerTimeoutMs, () => {
    end.destroy(new PeerError('registration-lost', 'the gateway does not answer the registration'))
  })
  for (;;) {
    const { value, done } = await messages.next()
    if (done === true) throw lost(await end.ended)
    if (value.type === 'proved' || value.type === 'registered') return value
    if (value.type === 'refused') throw refused(value)
    if (value.type === 'draining') throw lost(new Error('the gateway is about to end'))
  }
}

function unprovedRefusal({ code, message, hint }: TunnelRefusedError): UnprovedRefusalError {
  return new UnprovedRefusalError(code, message, { hint })
}

/** Not fatal: the gateway may be behind its name again later. */
function unproved(): UpstreamError {
  const what = 'does not prove the secret of this tunnel: it is not the gateway'
  return new UpstreamError('gateway-unproved', `whoever answers at its name ${what}`, {
    hint: 'somebody has its name and a certificate that is believed here: see who answers there, and have the certificate revoked',
  })
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
