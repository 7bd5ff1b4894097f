// Tunnels of one caller, and when each of them ends.
import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { once } from 'node:events'
import type { CertificatePair } from '../../src/net/certificate.ts'
import { credentialFields } from '../../src/tunnel/headers.ts'

/** Where tunnels are opened. */
export interface Gateway {
  readonly port: number
  /** PEM. */
  readonly ca: string
  /** The certificate that clients show. **Default:** none */
  readonly shown?: CertificatePair | undefined
}

export interface Crowd {
  readonly size: number
  /** Of `performance.now()`, when each ended, in the order of their ends; resolves when none is left. */
  readonly ends: Promise<readonly number[]>
  /** How many are open still. */
  open(): number
  close(): void
}

/** Tunnels that share an HTTP/2 connection: what any server should allow (RFC 9113 §6.5.2). */
const tunnelsPerConnection = 100
/** Asked for at once. */
const atOnce = 50

/** Opens so many tunnels to a route for the holder of a credential. */
export async function openCrowd(
  gateway: Gateway,
  credential: string,
  authority: string,
  size: number,
): Promise<Crowd> {
  const streams = await openTunnels(gateway, credential, authority, size)
  const ends: number[] = []
  const { promise, resolve } = Promise.withResolvers<readonly number[]>()
  for (const stream of streams) {
    stream.resume().once('close', () => {
      ends.push(performance.now())
      if (ends.length === size) resolve(ends)
    })
  }
  return {
    size,
    ends: promise,
    open: () => size - ends.length,
    close() {
      for (const stream of streams) stream.session?.destroy()
    },
  }
}

/** The same streams, for whoever uses them. */
export async function openTunnels(
  gateway: Gateway,
  credential: string,
  authority: string,
  size: number,
): Promise<readonly ClientHttp2Stream[]> {
  const streams: ClientHttp2Stream[] = []
  for (let opened = 0; opened < size; opened += tunnelsPerConnection) {
    const session = await openSession(gateway)
    const count = Math.min(tunnelsPerConnection, size - opened)
    for (let begun = 0; begun < count; begun += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, count - begun) }, () =>
        openTunnel(session, credential, authority),
      )
      streams.push(...(await Promise.all(some)))
    }
  }
  return streams
}

async function openSession({ port, ca, shown }: Gateway): Promise<ClientHttp2Session> {
  const session = connect(`https://localhost:${port}`, { ca, ...shown })
  session.on('error', () => undefined)
  await once(session, 'remoteSettings')
  return session
}

async function openTunnel(
  session: ClientHttp2Session,
  credential: string,
  authority: string,
): Promise<ClientHttp2Stream> {
  const stream = session.request({
    ':method': 'CONNECT',
    ':authority': authority,
    ...credentialFields(credential),
  })
  stream.on('error', () => undefined)
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  if (headers[':status'] !== 200) {
    throw new Error(`a tunnel to ${authority} was refused: ${String(headers[':status'])}`)
  }
  return stream
}
