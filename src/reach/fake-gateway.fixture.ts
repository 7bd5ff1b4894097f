import { once } from 'node:events'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { WebSocketServer } from '../tunnel/ws.ts'
import { createCertificateAuthority, type CertificatePair } from '../net/certificate.ts'
import { endWithPeer } from '../net/http2-peer-end.ts'
import { requestIdHeader } from '../tunnel/headers.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { encodeRefusal } from '../tunnel/refusal.ts'
import {
  callbackParameters,
  codeChallengeOf,
  encodeTokenAnswer,
  loginParameters,
  tokenParameters,
} from '../tunnel/sign-in.ts'
import { parseTunnelPath } from '../tunnel/websocket.ts'
import { tunnelOverWebSocket, webSocketBounds } from '../tunnel/websocket-stream.ts'

/** What a fake gateway answers to CONNECT: a status that is no 200, who serves the tunnel, or nothing. */
export type FakeAnswer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | {
      readonly serve: (tunnel: Duplex) => void
      readonly headers?: Record<string, string>
      /** Whether a 103 comes first (RFC 8297). */
      readonly hintsFirst?: boolean
    }
  | 'silence'

export interface FakeGatewayOptions {
  /** Defaults to both. */
  readonly protocols?: readonly ('h2' | 'http/1.1')[]
  /** How the last redirect of a sign-in comes: `code` as ours, the others as a stock Pomerium. */
  readonly callback?: 'code' | 'query' | 'form'
  /** Status for "sign in"; 401 unless given. */
  readonly signInStatus?: number
  /** Answers a CONNECT whose token is accepted; echoes unless given. */
  readonly connect?: (authority: string) => FakeAnswer
  readonly isPublic?: boolean
  /** Whether it prolongs a session whose token a sign-in is begun with. */
  readonly renews?: boolean
  /** What it lists as its routes, to everybody. */
  readonly routes?: readonly unknown[]
  /** What it answers on its own paths instead, by path. */
  readonly answers?: Readonly<Record<string, { readonly status: number; readonly body: string }>>
  /**
   * What an edge before it does to CONNECT: `cut` the connection, answer with a `page` of its own, or take
   * it for a request that it can `serve`, and answer 200.
   */
  readonly edgeOnConnect?: 'cut' | 'page' | 'serve'
  /** The same for a WebSocket; `strip`: the request arrives without its upgrade; `away`: 502. */
  readonly edgeOnWebSocket?: 'cut' | 'page' | 'strip' | 'away'
  readonly pair?: CertificatePair
  readonly settings?: http2.Settings
}

/** A gateway for tests: one TLS port, CONNECT over both HTTP versions, and the sign-in API. */
export interface FakeGateway extends AsyncDisposable {
  readonly port: number
  readonly origin: string
  /** PEM of the authority that signed its certificate. */
  readonly ca: string
  /** Tokens it accepts; each sign-in adds one. */
  readonly tokens: Set<string>
  /** Each CONNECT: its HTTP version, authority and token. */
  readonly connects: {
    readonly version: string
    readonly authority: string
    readonly token: string | undefined
    readonly headers: http.IncomingHttpHeaders
  }[]
  /** Common names of the client certificates that were shown. */
  readonly clientNames: Set<string>
  /** How many sign-ins were begun. */
  logins: number
  /** How many TCP connections were made. */
  connections: number
  /** How many of them stand. */
  standing(): number
  /** Ends every connection at once. */
  dropConnections(): void
  /** Resets every connection at once. */
  resetConnections(): void
}

/** Serves the tunnel's bytes back until they end. */
export function echo(tunnel: Duplex): void {
  tunnel.on('error', () => undefined)
  tunnel.pipe(tunnel)
}

const authorityPromise = createCertificateAuthority()

export async function startFakeGateway(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  const authority = await authorityPromise
  const pair = options.pair ?? (await authority.issue(['localhost', '127.0.0.1']))
  const sockets = new Set<Socket>()
  const plain = http.createServer(
    (request, response) => void serveApi(gateway, options, request, response),
  )
  plain.on('connect', (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    if (head.length > 0) socket.unshift(head)
    socket.on('error', () => undefined)
    if (options.edgeOnConnect === 'cut') return void socket.destroy()
    const answer =
      options.edgeOnConnect === undefined
        ? answerConnect(gateway, options, '1.1', request.url ?? '', request.headers)
        : edgePages[options.edgeOnConnect]
    if (answer === 'silence') return
    if (!('serve' in answer)) return writeAnswer(socket, answer)
    if (answer.hintsFirst === true) socket.write(earlyHints.repeat(3))
    socket.write(`HTTP/1.1 200 OK\r\n${formatFields(answer.headers)}\r\n`)
    answer.serve(socket)
  })
  const handshakes = new WebSocketServer({ noServer: true, ...webSocketBounds })
  plain.on('upgrade', (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    if (options.edgeOnWebSocket === 'cut') return void socket.destroy()
    const authority = parseTunnelPath(request.url ?? '') ?? ''
    const answer =
      options.edgeOnWebSocket === undefined
        ? answerConnect(gateway, options, 'websocket', authority, request.headers)
        : edgeAnswers[options.edgeOnWebSocket]
    if (answer === 'silence') return
    if (!('serve' in answer)) return writeAnswer(socket, answer)
    if (answer.hintsFirst === true) socket.write(earlyHints.repeat(3))
    const lines = formatFields(answer.headers).split('\r\n').slice(0, -1)
    handshakes.once('headers', (fields: string[]) => fields.push(...lines))
    handshakes.handleUpgrade(request, socket, head, (webSocket) => {
      const tunnel = tunnelOverWebSocket(webSocket, 1024 * 1024)
      answer.serve(tunnel.on('error', () => undefined))
    })
  })
  const second = http2.createServer({ settings: options.settings ?? {} })
  const followers = new WeakMap<http2.Http2Session, (stream: http2.Http2Stream) => void>()
  second.on('session', (session) => followers.set(session, endWithPeer(session, session.socket)))
  second.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    stream.on('error', () => undefined)
    if (stream.session !== undefined) followers.get(stream.session)?.(stream)
    if (options.edgeOnConnect === 'cut') {
      stream.session?.destroy()
      return
    }
    const page: Page | undefined = options.answers?.[headers[':path'] ?? '']
    const answer =
      page ??
      (options.edgeOnConnect === undefined
        ? answerConnect(gateway, options, '2', headers[':authority'] ?? '', headers)
        : edgePages[options.edgeOnConnect])
    if (answer === 'silence') return
    if ('serve' in answer) {
      if (answer.hintsFirst === true) stream.additionalHeaders({ ':status': 103, link: '</x>' })
      stream.respond({ ...answer.headers, ':status': 200 })
      answer.serve(stream)
      return
    }
    stream.respond({ ...answer.headers, ':status': answer.status })
    stream.end(answer.body)
  })
  second.on('sessionError', () => undefined)
  const secure = tls.createServer({
    ...pair,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: [...(options.protocols ?? ['h2', 'http/1.1'])],
  })
  const secured = new Set<tls.TLSSocket>()
  secure.on('secureConnection', (socket) => {
    secured.add(socket)
    socket.once('close', () => secured.delete(socket))
    const { subject } = socket.getPeerCertificate()
    if (subject !== undefined) gateway.clientNames.add(String(subject.CN))
    const server = socket.alpnProtocol === 'h2' ? second : plain
    server.emit('connection', socket)
  })
  secure.on('tlsClientError', () => undefined)
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    gateway.connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    secure.emit('connection', socket)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const resetConnections = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const gateway: FakeGateway = {
    port,
    origin: `https://localhost:${port}`,
    ca: authority.cert,
    tokens: new Set(),
    connects: [],
    clientNames: new Set(),
    logins: 0,
    connections: 0,
    standing: () => sockets.size,
    dropConnections,
    resetConnections,
    async [Symbol.asyncDispose]() {
      dropConnections()
      listener.close()
      // On Bun what runs on a connection goes on for a moment when that is destroyed.
      for (const socket of secured) socket.destroy()
      await Promise.all([once(listener, 'close'), ...Array.from(secured, closing)])
    },
  }
  return gateway
}

function closing(socket: tls.TLSSocket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

type Page = Exclude<FakeAnswer, 'silence' | { serve: unknown }>

const earlyHints = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'

const edgePages: Readonly<Record<'page' | 'serve', Page>> = {
  page: { status: 405, body: '<html>405 Not Allowed</html>' },
  serve: { status: 200, body: '<html>Welcome</html>', headers: { 'content-type': 'text/html' } },
}
const upgradeRequired = encodeRefusal({
  code: 'upgrade_required',
  message: 'this request is no WebSocket',
  next: 'let "Upgrade" pass',
  requestId: 'r9',
})
const edgeAnswers = {
  away: { status: 502, body: '<html>502 Bad Gateway</html>' },
  page: { status: 400, body: '<html>400 Bad Request</html>' },
  strip: { status: 400, body: upgradeRequired },
} satisfies Record<string, Page>

function writeAnswer(socket: Duplex, { status, headers = {}, body = '' }: Page): void {
  const fields = { ...headers, 'content-length': String(Buffer.byteLength(body)) }
  socket.resume()
  socket.end(`HTTP/1.1 ${status} x\r\n${formatFields(fields)}\r\n${body}`)
}

function formatFields(fields: Readonly<Record<string, string>> = {}): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
}

/** Plays the browser: follows the sign-in from its address to the page at its end. */
export async function followSignIn(url: string): Promise<string> {
  const answer = await get(url)
  if (answer.location !== undefined) return followSignIn(answer.location)
  const form = /action="([^"]+)".*value="([^"]+)"/s.exec(answer.body)
  if (form === null) return answer.body
  const [, action = '', token = ''] = form
  const body = new URLSearchParams({ [callbackParameters.token]: token })
  return (await fetch(action, { method: 'POST', body })).text()
}

async function get(url: string): Promise<{ location: string | undefined; body: string }> {
  const { request } = await import(url.startsWith('https:') ? 'node:https' : 'node:http')
  const outgoing = request(url, { rejectUnauthorized: false, agent: false }) as http.ClientRequest
  outgoing.end()
  const [answer] = (await once(outgoing, 'response')) as [http.IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
  return { location: answer.headers.location, body: Buffer.concat(chunks).toString() }
}

function answerConnect(
  gateway: FakeGateway,
  options: FakeGatewayOptions,
  version: string,
  authority: string,
  headers: http.IncomingHttpHeaders,
): FakeAnswer {
  const token = tokenOf(headers)
  gateway.connects.push({ version, authority, token, headers })
  const isKnown = token !== undefined && gateway.tokens.has(token)
  if (!isKnown && options.isPublic !== true) {
    return { status: options.signInStatus ?? 401, headers: { location: 'https://localhost/x' } }
  }
  return options.connect?.(authority) ?? { serve: echo }
}

function tokenOf({ authorization }: http.IncomingHttpHeaders): string | undefined {
  return authorization?.replace(/^Pomerium /, '')
}

/** Codes that wait for their exchange, of every gateway here, with the challenge they were asked with. */
const codes = new Map<string, string>()
/** No code is given twice: while others wait, how many wait names one that is among them. */
let codesGiven = 0

async function serveApi(
  gateway: FakeGateway,
  options: FakeGatewayOptions,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', gateway.origin)
  response.setHeader(requestIdHeader, 'r1')
  const answer = options.answers?.[url.pathname]
  if (answer !== undefined) {
    response.writeHead(answer.status).end(answer.body)
    return
  }
  switch (url.pathname) {
    case gatewayPaths.login:
      gateway.logins += 1
      if (options.renews === true && gateway.tokens.has(tokenOf(request.headers) ?? ''))
        url.searchParams.set(loginParameters.renews, 'x')
      // A stock gateway does not know the challenge, and leaves it out.
      if (options.callback === 'query') url.searchParams.delete(loginParameters.codeChallenge)
      response.end(`${gateway.origin}${gatewayPaths.signIn}${url.search}`)
      break
    case gatewayPaths.signIn:
      finishSignIn(gateway, options.callback ?? 'code', url.searchParams, response)
      break
    case gatewayPaths.token:
      await exchange(gateway, request, response)
      break
    case gatewayPaths.routes:
      response.end(JSON.stringify({ routes: options.routes ?? [] }))
      break
    case gatewayPaths.tunnel:
      response.writeHead(400).end(upgradeRequired)
      break
    default:
      response.writeHead(404).end()
  }
}

function finishSignIn(
  gateway: FakeGateway,
  callback: 'code' | 'query' | 'form',
  query: URLSearchParams,
  response: http.ServerResponse,
): void {
  const target = new URL(query.get(loginParameters.redirectUri) ?? '')
  const token = `aa.token${gateway.tokens.size + 1}.bb`
  if (callback === 'form') {
    gateway.tokens.add(token)
    response.end(
      `<form method="post" action="${target.href}"><input name="pomerium_jwt" value="${token}">`,
    )
    return
  }
  if (callback === 'code') {
    const code = `${query.has(loginParameters.renews) ? 'renewal' : 'code'}${(codesGiven += 1)}`
    codes.set(code, query.get(loginParameters.codeChallenge) ?? '')
    target.searchParams.set(callbackParameters.code, code)
  } else {
    gateway.tokens.add(token)
    target.searchParams.set(callbackParameters.token, token)
  }
  response.writeHead(302, { location: target.href }).end()
}

async function exchange(
  gateway: FakeGateway,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const form = new URLSearchParams(Buffer.concat(chunks).toString())
  const code = form.get(tokenParameters.code) ?? ''
  const challenge = codes.get(code)
  codes.delete(code)
  if (challenge !== codeChallengeOf(form.get(tokenParameters.codeVerifier) ?? '')) {
    response.writeHead(400).end('{"error":"invalid_code","message":"the code is not valid"}')
    return
  }
  const token = `aa.token${gateway.tokens.size + 1}.bb`
  gateway.tokens.add(token)
  response.end(encodeTokenAnswer(token, code.startsWith('renewal')))
}
