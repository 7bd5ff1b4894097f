import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { connectorProtocol } from '../../src/tunnel/connector/protocol.ts'
import type { GatewayRig } from '../e2e/rig.ts'

/** A TCP connection to the gateway. */
export async function connectPlain({ port }: Pick<GatewayRig, 'port'>): Promise<Socket> {
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/**
 * A TLS connection to the gateway, by one HTTP version; `before` is written first, each piece by a
 * system call of its own, such as a PROXY header.
 */
export async function connectTls(
  rig: Pick<GatewayRig, 'port' | 'ca'>,
  protocol: 'h2' | 'http/1.1' | typeof connectorProtocol,
  before: readonly (Buffer | string)[] = [],
): Promise<TLSSocket> {
  const plain = await connectPlain(rig)
  for (const piece of before) {
    await new Promise<void>((resolve) => plain.write(piece, () => resolve()))
  }
  const socket = connect({
    socket: plain,
    ca: rig.ca,
    servername: 'localhost',
    ALPNProtocols: [protocol],
    allowHalfOpen: true,
  } as ConnectionOptions)
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}
