import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { parseGatewayUrl } from '../reach/destination.ts'
import { createGatewayClient } from '../client/gateway-client.ts'
import type { GatewayClient } from '../client/gateway-client.ts'
import { RefusedError } from '../reach/refused.ts'
import { loadTrust } from '../reach/trust.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { SystemError, messageOf } from '../errors.ts'
import { silentLogger } from '../log.ts'
import type { Folder } from './folder.ts'
import { joinedHost } from './applications.ts'
import { echoAuthority, sshAuthority } from './routes.ts'
import type { Received } from './services/echo.ts'
import type { Quickstart } from './start.ts'
import { transfer } from './transfer.ts'

export interface ProofOptions {
  readonly quickstart: Quickstart
  readonly folder: Folder
  readonly signal: AbortSignal
}

/** What went through a tunnel and came back, seen at both ends. */
export interface TransferProof {
  /** Each way. */
  readonly bytes: number
  readonly durationMs: number
  /** Hex; the same where it was sent, at the service, and where it came back. */
  readonly sha256: string
  readonly protocol: 'HTTP/1.1' | 'HTTP/2'
}

/** The gateway's own words to somebody it refused. */
export interface RefusalProof {
  readonly message: string
  readonly reasons: readonly string[]
  readonly next: string | undefined
  readonly requestId: string
}

const transferBytes = 64 * 1024 * 1024
/** Through a connector: less, since the first has shown what the gateway does. */
const joinedBytes = 4 * 1024 * 1024
/** For a sign-in and 64 MiB on a very slow machine. */
const stepTimeoutMs = 180_000

/** A step of the proof did not hold. */
export class ProofError extends SystemError {}

/**
 * Signs somebody in as the client does, only without a browser, and sends 64 MiB through a tunnel to
 * the echo service and back.
 *
 * @throws ProofError when a byte is missing or wrong, or nobody gets through
 */
export function proveTransfer(email: string, options: ProofOptions): Promise<TransferProof> {
  const { echoed } = options.quickstart
  const echo = { authority: echoAuthority, totalBytes: transferBytes, seen: echoed }
  return proveEcho(email, echo, options)
}

/**
 * Sends 4 MiB to the echo service that only the connector reaches, and back.
 *
 * @throws ProofError as `proveTransfer`
 */
export function proveConnector(email: string, options: ProofOptions): Promise<TransferProof> {
  const seen = options.quickstart.echoedBehind
  const echo = { authority: `${joinedHost}:443`, totalBytes: joinedBytes, seen }
  return proveEcho(email, echo, options)
}

interface ProvedEcho {
  readonly authority: string
  readonly totalBytes: number
  /** What the service has received, by connection. */
  readonly seen: readonly Received[]
}

function proveEcho(
  email: string,
  { authority, totalBytes, seen }: ProvedEcho,
  options: ProofOptions,
): Promise<TransferProof> {
  return withClient(email, options, async (client, signal) => {
    const tunnel = await client.open(authority, signal)
    const protocol = isHttp2(tunnel) ? 'HTTP/2' : 'HTTP/1.1'
    const { bytes, durationMs, sentSha256, returnedSha256 } = await transfer(
      tunnel,
      totalBytes,
      signal,
    )
    for (const end of [{ bytes, sha256: returnedSha256 }, seen.at(-1)]) {
      if (end?.bytes === totalBytes && end.sha256 === sentSha256) continue
      const what = `${end?.bytes ?? 0} bytes with SHA-256 ${end?.sha256 ?? 'unknown'}`
      throw failed(`${what} arrived of ${totalBytes} bytes with SHA-256 ${sentSha256}`)
    }
    return { bytes, durationMs, sha256: sentSha256, protocol }
  })
}

/**
 * Asks for the SSH route for somebody who is in its group, and waits for the server's first words.
 *
 * @throws ProofError when they are refused, or something else answers
 */
export function proveAccess(email: string, options: ProofOptions): Promise<void> {
  return withClient(email, options, async (client, signal) => {
    const tunnel = await client.open(sshAuthority, signal)
    try {
      const [words] = (await once(tunnel, 'data', { signal })) as [Buffer]
      // RFC 4253 §4.2: the server's identification comes first.
      if (!words.toString().startsWith('SSH-2.0-')) throw failed('the SSH server did not answer')
    } finally {
      tunnel.destroy()
    }
  })
}

/**
 * Signs somebody in who is in no group that may use the SSH route, and asks for it.
 *
 * @throws ProofError when they are let in, or turned away for another reason than the policy
 */
export function proveRefusal(email: string, options: ProofOptions): Promise<RefusalProof> {
  return withClient(email, options, async (client, signal) => {
    try {
      const tunnel = await client.open(sshAuthority, signal)
      tunnel.destroy()
    } catch (error) {
      if (!(error instanceof RefusedError) || error.code !== 'policy-denied') throw error
      const { message, reasons, hint, requestId } = error
      return { message, reasons, next: hint, requestId }
    }
    throw failed(`${email} was let in to ${sshAuthority}, whose policy does not allow it`)
  })
}

async function withClient<Proof>(
  email: string,
  { quickstart, folder, signal }: ProofOptions,
  prove: (client: GatewayClient, signal: AbortSignal) => Promise<Proof>,
): Promise<Proof> {
  const signIn = new AbortController()
  const limit = AbortSignal.any([signal, signIn.signal, AbortSignal.timeout(stepTimeoutMs)])
  const client = createGatewayClient({
    gateway: parseGatewayUrl(quickstart.gatewayUrl),
    trust: await loadTrust({ caFile: quickstart.caFile }),
    presentSignIn(url) {
      // A page that fails would otherwise be waited for as for a slow person.
      signInWithForms(url, { email }, { request: { ca: quickstart.caCertificate } }).catch(
        (error: unknown) => signIn.abort(error),
      )
    },
    log: silentLogger,
    cacheDirectory: folder.join(`proof-${email}`),
  })
  try {
    return await prove(client, limit)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ProofError) throw error
    const cause: unknown = signIn.signal.aborted ? signIn.signal.reason : error
    throw failed(`${email}: ${messageOf(cause)}`, cause)
  } finally {
    await client.destroy()
  }
}

function isHttp2(tunnel: Duplex): boolean {
  return 'rstCode' in tunnel
}

function failed(why: string, cause?: unknown): ProofError {
  return new ProofError('proof-failed', `the proof failed: ${why}`, { cause })
}
