import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import * as tls from 'node:tls'
import type { TestContext } from 'node:test'
import type { CertificatePair } from '../net/certificate.ts'

export interface SmallServerOptions {
  /** With it, it speaks TLS. */
  readonly pair?: CertificatePair | undefined
  readonly protocols?: readonly string[]
  /** What it says to whoever connects. */
  readonly banner?: string | Buffer
  /** What it answers once something has come. */
  readonly answer?: string | ((asked: string) => string)
  /** Whether it ends the connection at the first bytes that come. */
  readonly ends?: boolean
}

/** A server that is no gateway; resolves to its port on 127.0.0.1. */
export async function startSmallServer(
  t: TestContext,
  options: SmallServerOptions,
): Promise<number> {
  const sockets = new Set<Socket>()
  const serve = (socket: Socket): void => {
    socket.on('error', () => undefined)
    if (options.banner !== undefined) socket.write(options.banner)
    socket.once('data', (chunk: Buffer) => {
      const { answer } = options
      if (options.ends === true) socket.destroy()
      if (answer !== undefined)
        socket.end(typeof answer === 'string' ? answer : answer(chunk.toString('latin1')))
    })
  }
  const { pair, protocols = ['http/1.1'] } = options
  const secure = pair && tls.createServer({ ...pair, ALPNProtocols: [...protocols] }, serve)
  secure?.on('tlsClientError', () => undefined)
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    if (secure === undefined) serve(socket)
    else secure.emit('connection', socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

/** An answer over HTTP/1.1. */
export function httpAnswer(status: number, fields: Readonly<Record<string, string>>, body = '') {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = Buffer.byteLength(body)
  return `HTTP/1.1 ${status} x\r\n${lines.join('')}Content-Length: ${length}\r\n\r\n${body}`
}

/** The page of a web server that nobody has set up. */
export const welcome = httpAnswer(
  404,
  { Server: 'nginx/1.24.0', 'Content-Type': 'text/html' },
  '<html><head><title>Welcome to nginx!</title></head><body>…</body></html>',
)
