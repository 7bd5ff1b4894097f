import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import type { Grant } from '../access/grant.ts'
import {
  connectHead,
  connectTls,
  startService,
  startTestGateway,
  testCa,
  testCertificate,
  testRoute,
  testSession,
  type TestGateway,
} from '../gateway/gateway.fixture.ts'
import type { ConnectionEndpoints } from '../net/proxy-protocol.ts'
import type { Route } from '../routes/route.ts'
import type { NextGatewayTls, NextGatewayWay, UpstreamWay } from '../routes/upstream-way.ts'
import { createLinks } from '../links/register.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createOpenUpstream, type OpenUpstreamParts } from './open-upstream.ts'

/** What clients of these tests ask for. */
export const target = 'db.example.com:5432'
/** Of somebody who is signed in at a gateway that `startFirst` made. */
export const token = 's1'

/** TLS toward a gateway of the tests: its certificate is for `localhost` alone. */
export function tlsTo(
  settings: Partial<NextGatewayTls> = {},
  options: tls.SecureContextOptions = {},
): Pick<NextGatewayWay, 'tls'> {
  const context = tls.createSecureContext({ ca: testCa, ...options })
  return { tls: { context, serverName: 'localhost', skipVerify: false, ...settings } }
}

/** A route to the target by this way, for whoever is signed in. */
export function routeBy(way: UpstreamWay, more: Partial<Route> = {}): Route {
  const policy = [{ allow: { and: [{ authenticated_user: true }] } }]
  return testRoute(`tcp+https://${target}`, [], policy, { way, ...more })
}

/** The gateway that clients of a test ask. */
export async function startFirst(
  route: Route,
  links?: OpenUpstreamParts['links'],
): Promise<TestGateway> {
  const gateway = await startTestGateway([route], {}, links)
  gateway.sessions.set(token, testSession(token, 'alice@example.com'))
  return gateway
}

export function head(authority = target): string {
  return connectHead(authority, `Authorization: Pomerium ${token}`, 'Cookie: __Host-postern=secret')
}

/** Opens a tunnel through a gateway; the answer's head has been read, and nothing behind it. */
export async function openTunnel(gateway: TestGateway): Promise<tls.TLSSocket> {
  const socket = await connectTls(gateway.port)
  socket.write(head())
  const answer = await readHead(socket)
  assert.match(answer, /^HTTP\/1\.1 200 /)
  return socket
}

export function readHead(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onReadable = (): void => {
      for (let byte = socket.read(1); byte !== null; byte = socket.read(1)) {
        text += (byte as Buffer).toString('latin1')
        if (!text.endsWith('\r\n\r\n')) continue
        socket.off('readable', onReadable)
        resolve(text)
        return
      }
    }
    socket.on('readable', onReadable).once('error', reject)
    socket.once('end', () => reject(new Error(`ended after ${JSON.stringify(text)}`)))
    onReadable()
  })
}

/** Until the other end's; an iterator would end this side as well. */
export async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}

/** A next gateway that sends these bytes for whatever comes, over TLS; what came is in `received`. */
export async function startScripted(answer: (socket: tls.TLSSocket, head: string) => void) {
  const received: string[] = []
  const service = await startService((raw) => {
    const secured = new tls.TLSSocket(raw, { isServer: true, ...testCertificate })
    secured.on('error', () => undefined)
    readHead(secured).then(
      (text) => {
        received.push(text)
        answer(secured, text)
      },
      () => undefined,
    )
  })
  return Object.assign(service, { received })
}

/** Of a gateway without connectors. */
const noLinks = createLinks({
  namedTunnels: { find: () => undefined, byHostname: () => undefined },
})

/** Opens an upstream by this way, without a gateway around it. */
export function openBy(
  way: UpstreamWay,
  parts: Partial<OpenUpstreamParts> = {},
  { signal = new AbortController().signal, endpoints, session }: OpenByOptions = {},
) {
  const grant = {
    route: routeBy(way),
    request: { requestId: 'r1', target: { protocol: 'tcp', host: 'db.example.com', port: 5432 } },
    caller: { session, client: { ip: '192.0.2.1', endpoints } },
  }
  const open = createOpenUpstream({ metrics: createMetrics(), links: noLinks, ...parts })
  return open(grant as unknown as Grant, signal)
}

interface OpenByOptions {
  readonly signal?: AbortSignal
  readonly endpoints?: ConnectionEndpoints
  /** **Default:** nobody is signed in */
  readonly session?: Grant['caller']['session']
}
