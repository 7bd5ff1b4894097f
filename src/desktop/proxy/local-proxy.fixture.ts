import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { openRig } from '../../client/gateway-client.fixture.ts'
import type { TunnelOpener } from '../../client/serve/connection.ts'
import { dial } from '../../net/dial.ts'
import {
  startFakeGateway,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../reach/fake-gateway.fixture.ts'
import {
  startLocalProxy,
  type LocalProxy,
  type LocalProxyOptions,
  type ProxyEvent,
} from './local-proxy.ts'

export const password = { user: 'postern', password: 'p4ss_word-of-32-letters-for-tests' }
/** As HTTP has it (RFC 7617). */
export const basic = `Basic ${Buffer.from(`${password.user}:${password.password}`).toString('base64')}`
/** As SOCKS has it (RFC 1929): one method is offered, then the pair. */
export const socksPassword = Buffer.concat([
  Buffer.from([5, 1, 2, 1, password.user.length]),
  Buffer.from(password.user),
  Buffer.from([password.password.length]),
  Buffer.from(password.password),
])

export interface ProxyRig {
  readonly gateway: FakeGateway
  readonly proxy: LocalProxy
  readonly events: ProxyEvent[]
  /** What the gateway was asked for. */
  asked(): string[]
  /** Resolves when an event of this kind has been told. */
  told(kind: ProxyEvent['kind']): Promise<ProxyEvent>
  connect(): Promise<Socket>
}

/** A proxy before a fake gateway that serves everything back. */
export async function openProxy(
  t: TestContext,
  options: Partial<Omit<LocalProxyOptions, 'client'>> & {
    readonly gateway?: FakeGatewayOptions
    /** Stands before the client of the gateway. */
    readonly wrap?: (client: TunnelOpener) => TunnelOpener
  } = {},
): Promise<ProxyRig> {
  const gateway = await startFakeGateway({ isPublic: true, ...options.gateway })
  t.after(() => gateway[Symbol.asyncDispose]())
  const rig = await openRig(gateway)
  t.after(() => rig[Symbol.asyncDispose]())
  const client = options.wrap?.(rig.client) ?? rig.client
  const events: ProxyEvent[] = []
  const proxy = await startLocalProxy({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    password,
    ...options,
    client,
    report: (event) => void events.push(event),
  })
  t.after(() => proxy.close(0))
  return {
    gateway,
    proxy,
    events,
    asked: () => gateway.connects.map(({ authority }) => authority),
    async told(kind) {
      for (;;) {
        const event = events.find((one) => one.kind === kind)
        if (event !== undefined) return event
        await new Promise(setImmediate)
      }
    },
    async connect() {
      const { address } = proxy
      const socket = address.startsWith('unix:')
        ? connect({ path: address.slice('unix:'.length), allowHalfOpen: true })
        : await dial({ host: '127.0.0.1', port: Number(address.split(':').at(-1)) })
      if (address.startsWith('unix:')) await once(socket, 'connect')
      t.after(() => socket.destroy())
      return socket.on('error', () => undefined)
    },
  }
}

/** Everything until the other side ends, or is lost. */
export function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const finish = (): void => resolve(Buffer.concat(chunks))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('end', finish).once('close', finish)
    if (socket.closed || socket.readableEnded) finish()
  })
}

/** Reads just so many bytes. */
export async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null
    if (bytes !== null) {
      assert.equal(bytes.length, length, bytes.toString('latin1'))
      return bytes
    }
    await Promise.race([once(socket, 'readable'), once(socket, 'close')])
    assert.ok(!socket.destroyed, 'the connection was cut')
  }
}

/** A request for a tunnel by HTTP. */
export function connectHead(authority: string, authorization: string | undefined = basic): string {
  const fields = authorization === '' ? '' : `Proxy-Authorization: ${authorization}\r\n`
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${fields}\r\n`
}

/** The same by SOCKS, without what shows who asks. */
export function socksRequest(host: string, port: number): Buffer {
  return Buffer.concat([
    Buffer.from([5, 1, 0, 3, host.length]),
    Buffer.from(host),
    Buffer.from([port >> 8, port & 0xff]),
  ])
}

export const established = 'HTTP/1.1 200 Connection established\r\n\r\n'
/** Method, verdict and success, one after the other. */
export const socksSuccess = Buffer.from([5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
