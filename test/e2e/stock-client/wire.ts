import { connect, type Socket } from 'node:net'
import { inTime } from '../child.ts'
import type { Scope } from '../scope.ts'
import { startService } from '../services.ts'

/** A wire to a gateway, on which a reset is told from an end. One connection at a time is looked at. */
export interface Wire {
  readonly port: number
  /** How the gateway ended the last connection, once both sides have: `FIN` or what went wrong. */
  ended(): Promise<string>
  /** The types of the TLS records that the gateway sent; throws when the last one is not whole. */
  records(): readonly number[]
}

/** A fatal or closing alert, as TLS 1.2 shows it (RFC 5246 §6.2.1); TLS 1.3 hides the type. */
export const alertRecord = 21

/** Puts a wire before a port of this machine. Ends and resets are passed on as what they are. */
export async function startWire(scope: Scope, gatewayPort: number): Promise<Wire> {
  let chunks: Buffer[] = []
  let ended: Promise<string> = Promise.resolve('nothing came')
  const port = await startService(scope, (client) => {
    const gateway = connect({ port: gatewayPort, host: '127.0.0.1', allowHalfOpen: true })
    chunks = []
    gateway.on('data', (chunk: Buffer) => chunks.push(chunk))
    ended = endOf(gateway)
    client.pipe(gateway)
    gateway.pipe(client)
    client.once('close', () => gateway.end())
    gateway.once('close', () => client.end())
  })
  return {
    port,
    ended: () => inTime(ended, () => 'the gateway did not end'),
    records: () => recordTypes(Buffer.concat(chunks)),
  }
}

function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let end = 'closed without FIN'
    socket.once('end', () => (end = 'FIN'))
    // A reset shows here, also one that comes after the FIN while we are still sending.
    socket.on('error', (error: NodeJS.ErrnoException) => (end = `${end}, then ${error.code}`))
    socket.once('close', () => resolve(end))
  })
}

function recordTypes(bytes: Buffer): readonly number[] {
  const types: number[] = []
  let at = 0
  while (at < bytes.length) {
    types.push(bytes.readUInt8(at))
    at += 5 + bytes.readUInt16BE(at + 3)
  }
  if (at !== bytes.length) throw new Error('ended in the middle of a record')
  return types
}
