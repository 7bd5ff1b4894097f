import { once } from 'node:events'
import type { TestContext } from 'node:test'
import * as tls from 'node:tls'
import { golden } from '../../src/links/cloudflared/golden.fixture.ts'
import { connectorServerName } from '../../src/links/cloudflared/server-names.ts'
import { encodeRegistration } from '../../src/links/cloudflared/stock-connector.fixture.ts'
import { endHeaders, frame } from './frames.ts'
import { controlStream, dataOf, ok } from './raw-ends.ts'

/** A stock connector made of bytes that registers, and says nothing more by itself. */
export async function startRawStockConnector(
  t: TestContext,
  port: number,
  ca: string,
): Promise<tls.TLSSocket> {
  const servername = connectorServerName
  const socket = tls.connect({ port, host: '127.0.0.1', servername, ca, ecdhCurve: 'P-256' })
  socket.on('error', () => undefined)
  t.after(() => void socket.destroy())
  await once(socket, 'secureConnect')
  await registerAsStock(socket)
  return socket
}

/** Registers on a connection of which nothing was read. */
export async function registerAsStock(
  socket: tls.TLSSocket,
  who: Parameters<typeof encodeRegistration>[0] = {},
): Promise<void> {
  const register = Buffer.concat([Buffer.from(golden.bootstrap, 'hex'), encodeRegistration(who)])
  socket.write(frame('settings', 0, 0))
  // The gateway has opened the stream: its preface and head come before anything else.
  await once(socket, 'data')
  socket.write(frame('headers', endHeaders, controlStream, ok))
  socket.write(dataOf(controlStream, register))
}
