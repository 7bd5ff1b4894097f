import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import * as tls from 'node:tls'
import type { Clock } from '../../clock.ts'
import { runsOn } from '../../net/beneath.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { dial } from '../../net/dial.ts'
import { openConnectorEnd } from './connector-end.ts'
import { openGatewayEnd } from './gateway-end.ts'
import { connectorProtocol } from './protocol.ts'
import type { ConnectorEnd, GatewayEnd, StreamOffer } from './session.ts'

const authority = await createCertificateAuthority()
const identity = await authority.issue(['localhost'])

/** A TLS connection as a connector makes it, at both its sides. */
export interface Connection extends Disposable {
  readonly atGateway: tls.TLSSocket
  readonly atConnector: tls.TLSSocket
  /** The TCP connections beneath them. */
  readonly beneath: readonly Socket[]
}

export interface ConnectionOptions {
  /** Of the connector. */
  readonly tlsOptions?: Pick<tls.ConnectionOptions, 'maxVersion'>
  readonly protocols?: string[]
  /** Puts something in front of a port, and answers that one's. */
  readonly via?: (port: number) => Promise<number>
}

/** The port's own arrangement: a plain listener whose sockets are handed to a TLS server. */
export async function openConnection({
  protocols = [connectorProtocol],
  via = (port) => Promise.resolve(port),
  tlsOptions,
}: ConnectionOptions = {}): Promise<Connection> {
  const secure = tls.createServer({ ...identity, ALPNProtocols: protocols })
  const accepted: Socket[] = []
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted.push(socket)
    secure.emit('connection', socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const arrived = once(secure, 'secureConnection') as Promise<[tls.TLSSocket]>
  const port = await via((server.address() as AddressInfo).port)
  const socket = await dial({ host: '127.0.0.1', port })
  const atConnector = tls.connect({
    socket,
    servername: 'localhost',
    ca: authority.cert,
    ALPNProtocols: protocols,
    ...tlsOptions,
  })
  const [[atGateway]] = await Promise.all([arrived, once(atConnector, 'secureConnect')])
  for (const end of [atConnector, atGateway]) end.on('error', () => undefined)
  runsOn(atConnector, socket)
  if (accepted[0] !== undefined) runsOn(atGateway, accepted[0])
  server.close()
  const beneath = [socket, ...accepted]
  return {
    atGateway,
    atConnector,
    beneath,
    [Symbol.dispose]() {
      for (const end of [atConnector, atGateway, ...beneath]) end.destroy()
    },
  }
}

export interface Ends extends Disposable {
  readonly gateway: GatewayEnd
  readonly connector: ConnectorEnd
  readonly connection: Connection
}

export interface EndsOptions extends ConnectionOptions {
  readonly clock?: Clock
  readonly onStream: (offer: StreamOffer) => void
}

/** Both ends of one connection. */
export async function openEnds(options: EndsOptions): Promise<Ends> {
  const connection = await openConnection(options)
  const [gateway, connector] = await Promise.all([
    openGatewayEnd(connection.atGateway, options),
    openConnectorEnd(connection.atConnector, options),
  ])
  return {
    gateway,
    connector,
    connection,
    [Symbol.dispose]() {
      gateway.destroy()
      connector.destroy()
      connection[Symbol.dispose]()
    },
  }
}

/** Never given up. */
export const always = new AbortController().signal
