import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { relay } from '../../src/net/relay.ts'
import type { GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/**
 * An edge before the gateway that ends TLS and speaks nothing but HTTP/1.1, as many do. It answers
 * what a person needs to go through it.
 */
export async function startHttp1Edge(
  scope: Scope,
  rig: GatewayRig,
): Promise<Pick<GatewayRig, 'origin' | 'caFile'>> {
  const [cert, key] = await Promise.all(
    ['cert.pem', 'key.pem'].map((name) => readFile(join(rig.home, name))),
  )
  const options = { cert, key, ALPNProtocols: ['http/1.1'], allowHalfOpen: true }
  const sockets = new Set<TLSSocket>()
  const edge = createServer(options, (socket) => {
    sockets.add(socket)
    const { port, ca } = rig
    const upstream = connect({
      port,
      ca,
      host: '127.0.0.1',
      servername: 'localhost',
      ALPNProtocols: ['http/1.1'],
      allowHalfOpen: true,
    } as ConnectionOptions)
    void relay(socket, upstream)
  })
  edge.listen(0, '127.0.0.1')
  await once(edge, 'listening')
  scope.defer(() => {
    edge.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = edge.address() as AddressInfo
  return { origin: `https://localhost:${port}`, caFile: rig.caFile }
}
