// What pomerium-cli and Pomerium Desktop send and expect, byte for byte as it was recorded. What a gateway
// owes them is thirteen lines of Pomerium's own behaviour; each is a test:
//
//   G1  TLS on one port, whatever is offered by ALPN         port.test.ts
//   G2  the probe                                            port.test.ts
//   G3  CONNECT in authority form, on any server name        port.test.ts
//   G4  the statuses by which a token is kept                status.test.ts
//   G5  the login API                                        sign-in.test.ts
//   G6  the token in a redirect to loopback                  sign-in.test.ts
//   G7  the headers that carry a token, and nothing else     status.test.ts
//   G8  the form of a token                                  sign-in.test.ts
//   G9  the end of a tunnel                                  end.test.ts
//   G10 the list of routes                                   apis.test.ts
//   G11 /healthz                                             apis.test.ts
//   G12 UDP                                                  not served
//   G13 no end by time                                       end.test.ts
//
// identities.test.ts has `--service-account` and `--client-cert`. Its `cache` asks nothing of a gateway.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import * as http2 from 'node:http2'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { createCookieJar, type CookieJar } from '../../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../../src/dev-idp/sign-in-with-forms.ts'
import {
  createCertificateAuthority,
  type CertificateAuthority,
} from '../../../src/net/certificate.ts'
import { freePort } from '../../../src/net/free-port.fixture.ts'
import { inTime } from '../child.ts'
import { alice, route, startRig, type GatewayRig, type RouteEntry } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { echo, startService } from '../services.ts'

/** Routes of Alice and Bob: one to an echo, one to nobody. */
export const target = 'echo.example.com:7'
export const down = 'down.example.com:7'

/** A gateway with both routes, and those given besides. */
export async function startStock(
  scope: Scope,
  settings: Readonly<Record<string, unknown>> = {},
  more: readonly RouteEntry[] = [],
): Promise<GatewayRig> {
  const service = await startService(scope, echo)
  const routes = [route(target, service), route(down, await freePort()), ...more]
  return startRig(scope, routes, settings)
}

/** An authority of client certificates, as `downstream_mtls` names it. */
export async function clientAuthority(
  scope: Scope,
): Promise<{ readonly authority: CertificateAuthority; readonly ca_file: string }> {
  const authority = await createCertificateAuthority()
  const ca_file = join(scope.directory, 'clients.pem')
  await writeFile(ca_file, authority.cert)
  return { authority, ca_file }
}

/** The head of a CONNECT, in its own order. */
export function connectBytes(authority: string, token?: string): string {
  return [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    'User-Agent: Go-http-client/1.1',
    ...(token === undefined ? [] : [`Authorization: Pomerium ${token}`]),
    '',
    '',
  ].join('\r\n')
}

/** A connection as for a tunnel: `http/1.1` alone is offered. */
export async function dial(
  scope: Scope,
  { port, ca }: Pick<GatewayRig, 'port' | 'ca'>,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = connect({
    port,
    ca,
    host: '127.0.0.1',
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
    allowHalfOpen: true,
    ...options,
  } as ConnectionOptions)
  scope.defer(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

export interface Opened {
  readonly status: number
  /** The answer's head as it came, with its empty line. */
  readonly head: string
  /** What follows the head is left in it. */
  readonly socket: TLSSocket
}

/** Asks for a tunnel with these bytes, each as a TLS record of its own. */
export async function ask(socket: TLSSocket, ...pieces: readonly string[]): Promise<Opened> {
  for (const piece of pieces) {
    await new Promise<void>((resolve) => socket.write(piece, () => resolve()))
  }
  const head = await readHead(socket)
  return { status: Number(/^HTTP\/1\.[01] (\d{3}) /.exec(head)?.[1]), head, socket }
}

/** One CONNECT on a connection of its own. */
export async function openTunnel(
  scope: Scope,
  rig: Pick<GatewayRig, 'port' | 'ca'>,
  authority: string,
  token?: string,
  options: ConnectionOptions = {},
): Promise<Opened> {
  return ask(await dial(scope, rig, options), connectBytes(authority, token))
}

/** Reads to the end of the head, and puts back what came behind it. */
async function readHead(socket: TLSSocket): Promise<string> {
  let bytes = Buffer.alloc(0)
  const isWhole = (): boolean => bytes.includes('\r\n\r\n')
  while (!isWhole()) {
    const chunk = socket.read() as Buffer | null
    if (chunk !== null) bytes = Buffer.concat([bytes, chunk])
    else if (socket.readableEnded || socket.destroyed)
      throw new Error(`ended after "${bytes.toString()}"`)
    else {
      const more = Promise.race([once(socket, 'readable'), once(socket, 'end')])
      await inTime(more, () => `no answer but "${bytes.toString()}"`)
    }
  }
  const length = bytes.indexOf('\r\n\r\n') + 4
  if (length < bytes.length) socket.unshift(bytes.subarray(length))
  return bytes.subarray(0, length).toString('latin1')
}

/** Where the client waits for its token, and what came. */
export interface Callback {
  readonly redirectUri: string
  /** The first `pomerium_jwt`. */
  readonly token: Promise<string>
  /** Request targets in order. */
  readonly targets: readonly string[]
}

/** Listens on loopback as the client does: any path, any further query. */
export async function startCallback(scope: Scope, path = ''): Promise<Callback> {
  const { promise: token, resolve } = Promise.withResolvers<string>()
  const targets: string[] = []
  const listener = createServer((asked, response) => {
    targets.push(asked.url ?? '')
    const found = new URL(asked.url ?? '', 'http://x').searchParams.get('pomerium_jwt')
    response.setHeader('content-type', 'text/plain')
    if (found === null) {
      response.writeHead(404).end('not found')
      return
    }
    resolve(found)
    response.end('login complete, you may close this page')
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  scope.defer(() => {
    listener.close()
    listener.closeAllConnections()
  })
  const { port } = listener.address() as AddressInfo
  return { redirectUri: `http://127.0.0.1:${port}${path}`, token, targets }
}

/** The path of the login API for a sign-in that ends there. */
export function loginPath(redirectUri: string): string {
  return `/.pomerium/api/v1/login?pomerium_redirect_uri=${encodeURIComponent(redirectUri)}`
}

export interface SignInOptions {
  readonly email?: string
  /** The `Host` of the login request. */
  readonly host?: string
  /** The cookies of the browser. */
  readonly jar?: CookieJar
}

/** The whole sign-in: a listener on loopback, the login API, a browser, the token in the query. */
export async function signIn(
  scope: Scope,
  rig: Pick<GatewayRig, 'port' | 'ca'>,
  { email = alice, host = `localhost:${rig.port}`, jar = createCookieJar() }: SignInOptions = {},
): Promise<string> {
  const callback = await startCallback(scope)
  const { body } = await get(rig, loginPath(callback.redirectUri), { host })
  await signInWithForms(body, { email }, { jar, request: { ca: rig.ca } })
  return callback.token
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A request that is no CONNECT, over HTTP/1.1. */
export function get(
  { port, ca }: Pick<GatewayRig, 'port' | 'ca'>,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const all = { 'user-agent': 'Go-http-client/1.1', 'accept-encoding': 'gzip', ...headers }
  const where = { port, ca, host: '127.0.0.1', servername: 'localhost', agent: false }
  return new Promise((resolve, reject) => {
    const asking = request({
      ...where,
      path,
      method,
      headers: { host: `localhost:${port}`, ...all },
    })
    asking.on('error', reject).on('response', (response) => {
      const { statusCode: status = 0, headers } = response
      response.toArray().then((chunks: Buffer[]) => {
        resolve({ status, headers, body: Buffer.concat(chunks).toString() })
      }, reject)
    })
    asking.end()
  })
}

/** The same on a connection that offers `h2` first, as Go does where it is no tunnel. */
export async function getHttp2(
  scope: Scope,
  rig: GatewayRig,
  path: string,
  authority: string,
): Promise<{ status: number; headers: http2.IncomingHttpHeaders; body: string }> {
  const socket = await dial(scope, rig, { ALPNProtocols: ['h2', 'http/1.1'] })
  assert.equal(socket.alpnProtocol, 'h2')
  const session = http2.connect(rig.origin, { createConnection: () => socket })
  scope.defer(() => session.destroy())
  const fields = { 'user-agent': 'Go-http-client/2.0', 'accept-encoding': 'gzip' }
  const stream = session.request({ ':path': path, ':authority': authority, ...fields })
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  const body = Buffer.concat((await stream.toArray()) as Buffer[]).toString()
  return { status: Number(headers[':status']), headers, body }
}
