// A connector and its gateway prove to each other that they know the secret of a named tunnel, which neither says.
// A proof is about one TLS connection: who has the gateway's certificate, and passes on what it is told, has two.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** Which of the two proves it: what one has said is no proof of the other. */
export type Prover = 'connector' | 'gateway'

/** Who asks to be registered. */
export interface Applicant {
  readonly tunnelId: string
  /** Names the process; another one after each start. */
  readonly connectorId: string
  readonly connIndex: number
}

export interface ProofParts {
  /** Of the tunnel: 32 bytes. */
  readonly secret: Uint8Array
  /** What `channelBinding` answers at either end. */
  readonly channel: Uint8Array
  readonly applicant: Applicant
}

const label = 'postern connector registration v1'
const channelBytes = 32

/**
 * What the two ends of a TLS connection know and nobody else does, another at each connection: `tls-exporter`
 * (RFC 9266 §4.1; RFC 8446 §7.5). Undefined before TLS 1.3, whose handshake alone makes it so (RFC 9266 §4.2),
 * and where the connection has ended.
 */
export function channelBinding(socket: TLSSocket): Buffer | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return undefined
  return socket.exportKeyingMaterial(channelBytes, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
}

/** HMAC-SHA256 by the secret, which is 32 random bytes: no word that could be guessed from it. base64url. */
export function proofOf(prover: Prover, { secret, channel, applicant }: ProofParts): string {
  const { tunnelId, connectorId, connIndex } = applicant
  // JSON: no two lists of these are written alike, whatever stands in them.
  const what = JSON.stringify([label, prover, tunnelId, connectorId, connIndex])
  return createHmac('sha256', secret).update(channel).update(what).digest('base64url')
}

/** Whether this is the proof. In constant time. */
export function isProof(given: string, prover: Prover, parts: ProofParts): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(proofOf(prover, parts))]
  return one.length === other.length && timingSafeEqual(one, other)
}
