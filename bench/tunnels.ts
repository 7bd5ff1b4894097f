import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'

// The product's own: what a WebSocket costs at both its ends is part of what it carries.
import { connectWebSocket } from '../src/client/ways/websocket.ts'
import { authority as usualAuthority, serverName } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'

/** Opens tunnels to one endpoint. */
export interface Opener {
  open(): Promise<Duplex>
  /** Ends every tunnel opened here. */
  close(): void
}

/** Windows that never hold a sender back on loopback, so that the target's own are what counts. */
const streamWindowBytes = 8 * 1024 * 1024
const connectionWindowBytes = 64 * 1024 * 1024

/** Tunnels that share one HTTP/2 connection: what any server should allow (RFC 9113 §6.5.2). */
const tunnelsPerConnection = 100

const loopback = '127.0.0.1'
const webSocketTimeoutMs = 15_000

/** `shared`: HTTP/2 tunnels share connections, as a client's do; else there is a connection for each. */
export function createOpener(endpoint: Endpoint, shared: boolean): Opener {
  const ends = new Set<() => void>()
  const keep = <Stream extends Duplex>(stream: Stream): Stream => {
    const end = (): void => void stream.destroy()
    ends.add(end)
    stream.on('error', () => stream.destroy())
    return stream.on('close', () => ends.delete(end))
  }
  let session: Promise<ClientHttp2Session> | undefined
  let opened = 0
  const openSession = async (): Promise<ClientHttp2Session> => {
    const connected = await connectSession(endpoint)
    ends.add(() => connected.destroy())
    return connected
  }
  const open = async (): Promise<Duplex> => {
    if (endpoint.protocol === 'tcp') return keep(await openTcp(endpoint))
    if (endpoint.protocol === 'tls') return keep(await openTls(endpoint))
    if (endpoint.protocol === 'http/1.1') return keep(await connectOverHttp1(endpoint))
    if (endpoint.protocol === 'websocket') return keep(await connectOverWebSocket(endpoint))
    if (!shared || session === undefined || opened++ % tunnelsPerConnection === 0) {
      session = openSession()
    }
    return keep(await connectOverHttp2(await session, endpoint.authority ?? usualAuthority))
  }
  return { open, close: () => ends.forEach((end) => end()) }
}

async function openTcp({ port, host = loopback }: Endpoint): Promise<Duplex> {
  const socket = connectTcp({ host, port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function openTls(
  { port, ca, host = loopback }: Endpoint,
  ALPNProtocols?: string[],
): Promise<TLSSocket> {
  const socket = connectTls({
    host,
    port,
    ca,
    servername: serverName,
    minVersion: 'TLSv1.3',
    // The same work for every target, whatever it would prefer.
    ciphers: 'TLS_AES_256_GCM_SHA384',
    ...(ALPNProtocols && { ALPNProtocols }),
  })
  socket.setNoDelay(true)
  await once(socket, 'secureConnect')
  return socket
}

async function connectOverHttp1(endpoint: Endpoint): Promise<Duplex> {
  const { authority = usualAuthority } = endpoint
  const socket = await openTls(endpoint, ['http/1.1'])
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`)
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    const [data] = (await once(socket, 'data')) as [Buffer]
    head += data.toString('latin1')
  }
  socket.pause()
  if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`CONNECT was refused: ${head}`)
  return socket
}

async function connectOverWebSocket(endpoint: Endpoint): Promise<Duplex> {
  const socket = await openTls(endpoint, ['http/1.1'])
  const signal = AbortSignal.timeout(webSocketTimeoutMs)
  const answer = await connectWebSocket(
    socket,
    endpoint.authority ?? usualAuthority,
    { host: serverName },
    signal,
  )
  if (answer.tunnel === undefined) {
    throw new Error(`the WebSocket was refused: ${answer.refusal.status}`)
  }
  return answer.tunnel
}

async function connectSession(endpoint: Endpoint): Promise<ClientHttp2Session> {
  const socket = await openTls(endpoint, ['h2'])
  const session = connectHttp2(`https://${serverName}:${endpoint.port}`, {
    createConnection: () => socket,
    settings: { initialWindowSize: streamWindowBytes, enablePush: false },
    maxSessionMemory: 1_000,
  })
  session.on('error', () => session.destroy())
  await once(session, 'remoteSettings')
  session.setLocalWindowSize(connectionWindowBytes)
  return session
}

async function connectOverHttp2(session: ClientHttp2Session, authority: string): Promise<Duplex> {
  const stream = session.request(
    { [constants.HTTP2_HEADER_METHOD]: 'CONNECT', [constants.HTTP2_HEADER_AUTHORITY]: authority },
    { endStream: false },
  )
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  const status = headers[constants.HTTP2_HEADER_STATUS]
  if (status !== 200) throw new Error(`CONNECT was refused: ${String(status)}`)
  return stream
}
