import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import type { GatewayRig } from '../e2e/rig.ts'
import { connectFields, endHeaders, endStream, fields, frame, preface } from './frames.ts'

/** Opens one connection that stalls in its own way; it is the caller's. */
export type Stall = (rig: Target, path: string, localAddress?: string) => Promise<Socket>

type Target = Pick<GatewayRig, 'port' | 'ca'>

/** Settings of a peer that takes no byte of any answer: a window of 0 (RFC 9113 §6.5.2). */
const closedWindow = frame('settings', 0, 0, Buffer.from('000400000000', 'hex'))
/** Streams that one connection over HTTP/2 asks for. */
const streams = 12
const streamOf = (index: number): number => 2 * index + 1

/** What a peer without a tunnel can do so as to be held, and costs nothing itself. */
const kinds = {
  'says nothing at all': async (rig, _path, localAddress) => plain(rig, localAddress),
  'begins a handshake': async (rig, _path, localAddress) => {
    const socket = await plain(rig, localAddress)
    // The head of a record that announces 512 bytes of ClientHello (RFC 8446 §5.1).
    socket.write(Buffer.from('160301020001', 'hex'))
    return socket
  },
  'begins a request': async (rig, path, localAddress) => {
    const socket = await secure(rig, 'http/1.1', localAddress)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n`)
    return socket
  },
  'asks ahead of its answers': async (rig, path, localAddress) => {
    const socket = await secure(rig, 'http/1.1', localAddress)
    socket.pause().write(get(rig, path).repeat(100))
    return socket
  },
  'reads no answer': async (rig, path, localAddress) => {
    const socket = await secure(rig, 'http/1.1', localAddress)
    socket.pause().write(get(rig, path).repeat(3))
    return socket
  },
  'sends no body': async (rig, _path, localAddress) => {
    const socket = await secure(rig, 'http/1.1', localAddress)
    const head = ['POST /.pomerium/api/v1/token HTTP/1.1', 'Host: localhost', 'Content-Length: 99']
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    return socket
  },
  'sends no preface': (rig, _path, localAddress) => secure(rig, 'h2', localAddress),
  'opens no window': async (rig, path, localAddress) => {
    const socket = await secure(rig, 'h2', localAddress)
    const head = frame('headers', endHeaders | endStream, 1, request(rig, 'GET', path))
    socket.write(Buffer.concat([preface, closedWindow, ...many(head, streams)]))
    return socket
  },
  'sends no body over HTTP/2': async (rig, _path, localAddress) => {
    const socket = await secure(rig, 'h2', localAddress)
    const head = frame('headers', endHeaders, 1, request(rig, 'POST', '/.pomerium/api/v1/token'))
    socket.write(Buffer.concat([preface, ...many(head, streams)]))
    return socket
  },
  'sends a body that nobody reads': async (rig, _path, localAddress) => {
    const socket = await secure(rig, 'h2', localAddress)
    const head = frame('headers', endHeaders, 1, request(rig, 'POST', '/healthz'))
    // As much as a connection may that has carried no tunnel (RFC 9113 §6.9.2).
    const body = Array.from({ length: 4 }, () => frame('data', 0, 1, Buffer.alloc(16_380)))
    const bytes = Buffer.concat([preface, closedWindow, head, ...body])
    await new Promise<void>((resolve) => void socket.write(bytes, () => resolve()))
    return socket
  },
  'takes no refusal': async (rig, _path, localAddress) => {
    const socket = await secure(rig, 'h2', localAddress)
    const head = frame('headers', endHeaders, 1, connectFields('nobody.example.com:1'))
    socket.write(Buffer.concat([preface, closedWindow, ...many(head, streams)]))
    return socket
  },
} satisfies Readonly<Record<string, Stall>>

export const stalls: Readonly<Record<keyof typeof kinds, Stall>> = kinds

function get({ port }: Target, path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`
}

function request({ port }: Target, method: string, path: string): Buffer {
  return fields([
    [':method', method],
    [':scheme', 'https'],
    [':authority', `localhost:${port}`],
    [':path', path],
  ])
}

/** The same frame for as many streams, each by its own number. */
function many(first: Buffer, count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const copy = Buffer.from(first)
    copy.writeUInt32BE(streamOf(index), 5)
    return copy
  })
}

async function plain({ port }: Target, localAddress?: string): Promise<Socket> {
  const from = localAddress === undefined ? {} : { localAddress }
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true, ...from })
  socket.on('error', () => undefined)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  return socket
}

async function secure(
  rig: Target,
  protocol: 'h2' | 'http/1.1',
  localAddress?: string,
): Promise<TLSSocket> {
  const socket = connect({
    socket: await plain(rig, localAddress),
    ca: rig.ca,
    servername: 'localhost',
    ALPNProtocols: [protocol],
  })
  socket.on('error', () => undefined)
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')])
  return socket
}

const assets = join(import.meta.dirname, '..', '..', 'dist', 'web', 'portal', 'assets')

/** The largest file that anybody may ask for: the portal's program. */
export async function portalFile(): Promise<string> {
  const names = await readdir(assets)
  return `/.postern/portal/assets/${names.find((name) => name.endsWith('.js'))}`
}
