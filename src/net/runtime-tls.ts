// Where Bun's TLS differs from Node's, on which Postern was made. Each difference stands here, as those of `runtime.ts`
// do.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { isBun } from '../is-bun.ts'
import { plainHttp } from './runtime.ts'

/** What the first byte of a handshake is: the type of its record (RFC 8446 §5.1). */
const handshake = 0x16

/** What OpenSSL and BoringSSL take for HTTP where a handshake should be, and how many bytes they need for that. */
const httpStart = /^(?:GET |POST|HEAD|PUT |CONNE)/
const httpStartBytes = 5

/**
 * Looks whether plain HTTP comes where a handshake should begin; to be asked on Bun before TLS is told of a connection:
 * what is written to it after that never arrives there, although it is said to. Node tells it by `tlsClientError`, when
 * an answer still arrives. Resolves to the error that tells it, or else to undefined; every byte is left unread then.
 * Whoever brings no byte in time, or ends before, is gone.
 */
export function findPlainHttp(connection: Socket, timeoutMs: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const finish = (found?: Error): void => {
      clearTimeout(timer)
      connection.off('readable', onReadable).off('end', onLost).off('close', onLost)
      resolve(found)
    }
    const onLost = (): void => {
      connection.destroy()
      finish()
    }
    const timer = setTimeout(onLost, timeoutMs)
    function onReadable(): void {
      const chunk = connection.read() as Buffer | null
      if (chunk === null) return
      received = Buffer.concat([received, chunk])
      if (received[0] !== handshake && received.length < httpStartBytes) return
      const isHttp = httpStart.test(received.toString('latin1', 0, httpStartBytes))
      // At once: an end that has come already is told in the next step.
      if (!isHttp) connection.unshift(received)
      finish(isHttp ? plainHttp('http request') : undefined)
    }
    if (connection.readableEnded) onLost()
    else connection.on('readable', onReadable).on('end', onLost).on('close', onLost)
  })
}

/**
 * Whether the end of a stream that is told now is our own doing: to be asked in `end`. Where a TLS stream, or what it runs
 * on, is destroyed on this side, Bun ends it as if its peer had; Node closes it without. What it runs on tells nothing:
 * that is destroyed there at an end of the peer, too. Whoever resets it destroys the stream in the same step (`abandon`):
 * of a reset alone Bun says the end first.
 */
export function isOwnEnd(stream: Duplex): boolean {
  return isBun && stream instanceof TLSSocket && stream.destroyed
}
