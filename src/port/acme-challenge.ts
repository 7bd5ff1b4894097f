import type { Socket } from 'node:net'
import * as tls from 'node:tls'
import { withoutRootDot } from '../address.ts'
import { firstRecordBytes, isHandshake, offeredProtocols } from '../net/client-hello.ts'
import { lookAtStart } from '../net/look-at-start.ts'
import type { Certificate } from './tls-contexts.ts'

/** What a certificate authority looks for on the port (RFC 8737). */
export interface TlsAlpnChallenges {
  /** Whether nobody is expected: then nothing is looked at. */
  readonly isEmpty: boolean
  certificateFor(serverName: string): Certificate | undefined
}

/** Answers those who come to look at a name; everybody else goes on as before. */
export interface ChallengeAnswers {
  readonly isExpecting: boolean
  /** Resolves to whether a connection that has just come is such a one, and has been taken over. */
  take(connection: Socket): Promise<boolean>
}

/** RFC 8737 §6.2. */
const protocol = 'acme-tls/1'

/** RFC 8446 §5.1: the longest record, in bytes. */
const maxRecordBytes = 5 + 16 * 1024

/**
 * An authority is told apart by its ClientHello, before TLS begins: the certificate cannot be chosen by ALPN everywhere
 * (in a handshake of Bun it cannot, and Node asks for it before ALPN in TLS 1.2 and after it in 1.3), and nobody else
 * may be shown one that browsers refuse. Read only while a name is being proven.
 */
export function createChallengeAnswers(
  challenges: TlsAlpnChallenges,
  handshakeTimeoutMs: number,
): ChallengeAnswers {
  const server = tls.createServer({
    minVersion: 'TLSv1.2',
    handshakeTimeout: handshakeTimeoutMs,
    ALPNProtocols: [protocol],
    SNICallback(serverName, done) {
      const found = challenges.certificateFor(withoutRootDot(serverName).toLowerCase())
      if (found === undefined) done(new Error('no challenge for this name'))
      else done(null, tls.createSecureContext({ ...found, minVersion: 'TLSv1.2' }))
    },
  })
  // RFC 8737 §3: once the handshake is done, nothing is said.
  server.on('secureConnection', (socket) => {
    socket.end()
    socket.on('error', () => undefined)
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  return {
    get isExpecting() {
      return !challenges.isEmpty
    },
    async take(connection) {
      const isOne = await lookAtStart(connection, handshakeTimeoutMs, (received) => {
        if (!isHandshake(received)) return { found: false }
        const wanted = Math.min(firstRecordBytes(received) ?? maxRecordBytes, maxRecordBytes)
        if (received.length < wanted) return undefined
        return { found: offeredProtocols(received).includes(protocol) }
      })
      if (isOne !== true || connection.destroyed) return false
      connection.allowHalfOpen = false
      // For all of it: whoever stays has seen what there is to see, and a byte now and then keeps nothing open.
      const ending = setTimeout(() => connection.destroy(), handshakeTimeoutMs)
      connection.once('close', () => clearTimeout(ending))
      server.emit('connection', connection)
      return true
    },
  }
}
