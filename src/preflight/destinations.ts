import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { formatAuthority, type HostPort } from '../address.ts'
import { systemClock } from '../clock.ts'
import { AppError, UpstreamError, systemCode } from '../errors.ts'
import { dial } from '../net/dial.ts'
import { isNotTls, wantsClientCertificate } from '../net/runtime.ts'
import { attempt, type Found } from '../reach/checks.ts'
import { isUnknownIssuer, reasonOf } from '../reach/tls-error.ts'
import type { ForwardSettings } from '../telemetry/forward/forwarding.ts'
import { openTls } from '../telemetry/forward/tls-connection.ts'
import type { PreflightCheck, Trying } from './check.ts'

/** Tries where the audit log is sent: a connection, and with TLS who is there. No record is sent. */
export function destinationChecks(
  trying: Trying,
): readonly (() => Promise<readonly PreflightCheck[]>)[] {
  return (trying.config.auditForward ?? []).map((settings) => async () => [
    await checkDestination(settings, trying),
  ])
}

function checkDestination(
  { name, target }: ForwardSettings,
  { signal, timeoutMs }: Trying,
): Promise<PreflightCheck> {
  // Of the URL of a webhook no more: some have a secret in their path.
  const address = target.kind === 'syslog' ? target.address : addressOf(target.url)
  const of = `for destination "${name}" of "audit_forward"`
  const key = target.kind === 'syslog' ? 'address' : 'url'
  const tried = { address, of, key } as const
  const step = { what: 'destination', target: formatAuthority(address), signal } as const
  const limits = { limitMs: timeoutMs + settleMs, onSilence: silent(tried, timeoutMs) }
  return attempt({ ...step, ...limits }, async (limit): Promise<Found> => {
    try {
      if (target.tls === undefined) {
        ;(await dial(address, { signal: limit, timeoutMs })).destroy()
        return { detail: `answers, ${of}` }
      }
      const { socket } = await openTls(address, target.tls, { clock: systemClock, signal: limit })
      await untilTaken(socket, limit)
      return { detail: `answers, and its certificate is good, ${of}` }
    } catch (error) {
      throw faultOf(error, tried)
    }
  })
}

function addressOf({ hostname, port, protocol }: URL): HostPort {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(port || (protocol === 'http:' ? 80 : 443)) }
}

/** How long a receiver that does not want us has to say so, in milliseconds. */
const settleMs = 1_000

/**
 * With TLS 1.3 a receiver looks at our certificate when to us the handshake is done already, and only then says no, by
 * an alert (RFC 8446 §4.4.2.4) or by going.
 */
async function untilTaken(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  const settled = AbortSignal.timeout(settleMs)
  try {
    await once(socket.resume(), 'end', { signal: AbortSignal.any([signal, settled]) })
  } catch (error) {
    if (settled.aborted) return
    throw error
  } finally {
    socket.destroy()
  }
  throw new Error('it ends the connection after the handshake')
}

interface Tried {
  readonly address: HostPort
  readonly of: string
  /** Where the address stands. */
  readonly key: 'address' | 'url'
}

/** Nobody is there, or it waits for something else than a handshake. */
function silent({ address, of, key }: Tried, timeoutMs: number): UpstreamError {
  const text = `"${formatAuthority(address)}" gives no answer in ${timeoutMs / 1_000} s, ${of}`
  return new UpstreamError('destination-unreachable', text, {
    hint: `start the receiver, let this machine reach it, or mend its "${key}": its port may be one without TLS`,
  })
}

function faultOf(error: unknown, { address, of, key }: Tried): UpstreamError {
  if (error instanceof AppError) {
    const hint = `start the receiver, let this machine reach it, or mend its "${key}"`
    const text = `${error.message}, ${of}`
    return new UpstreamError('destination-unreachable', text, { hint, cause: error })
  }
  if (isNotTls(error)) {
    const text = `"${formatAuthority(address)}" does not speak TLS, ${of}`
    const hint = `mend the port of its "${key}", or have the receiver take TLS there`
    return new UpstreamError('destination-not-trusted', text, { hint, cause: error })
  }
  const text = `"${formatAuthority(address)}" and this gateway do not agree on TLS (${reasonOf(error)}), ${of}`
  return new UpstreamError('destination-not-trusted', text, { hint: tlsHint(error), cause: error })
}

function tlsHint(error: unknown): string {
  if (wantsClientCertificate(error))
    return 'it wants to know who sends: give "certificate_file" and "certificate_key_file"'
  if (isUnknownIssuer(error)) return 'give the authority that its certificate is from as "ca_file"'
  if (systemCode(error) === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'give the name that its certificate is for as "server_name"'
  return 'its log may say why; see its certificate, its port and the "certificate_file" that it is shown'
}
