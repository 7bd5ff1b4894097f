import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { countTraffic } from './runtime-http2.ts'
import { closeWith } from './runtime-tls.ts'

interface Beneath {
  readonly connection: Socket
  readonly mayReset: boolean
}

const beneath = new WeakMap<TLSSocket, Beneath>()

/**
 * Tells which TCP connection a TLS stream runs on, so that a reset is heard on it while nobody reads.
 * It is never reset by us: stock clients forget their token at a reset.
 */
export function runsOn(stream: TLSSocket, connection: Socket): void {
  beneath.set(stream, { connection, mayReset: false })
  countTraffic(stream, connection)
  closeWith(stream, connection)
}

/**
 * As `runsOn`, and lets `abandon` reset the connection. TLS has no reset of its own, and an end would
 * tell a service that the half it got is the whole.
 */
export function resetBeneath(stream: TLSSocket, connection: Socket): void {
  beneath.set(stream, { connection, mayReset: true })
  countTraffic(stream, connection)
  closeWith(stream, connection)
}

/** What a TLS stream runs on, where it was told. */
export function connectionBeneath(stream: TLSSocket): Beneath | undefined {
  return beneath.get(stream)
}
