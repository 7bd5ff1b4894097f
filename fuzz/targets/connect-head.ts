import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

import { formatAuthority } from '../../src/address.ts'
import { AccessError, PeerError } from '../../src/errors.ts'
import { checkedRequest } from '../../src/gateway/checked-request.ts'
import type { ConnectRequest } from '../../src/gateway/connect-request.ts'
import { tokenFromHeaders } from '../../src/identity/tokens.ts'
import { isTunnelUpgrade, parseTunnelPath } from '../../src/tunnel/websocket.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'the head of a CONNECT or of a WebSocket, over HTTP/1.1',
  covers: ['gateway/checked-request.ts', 'address.ts', 'tunnel/websocket.ts', 'identity/tokens.ts'],
  maxBytes: 2_048,
  tokens: [
    'CONNECT a.example.com:22 HTTP/1.1\r\nHost: a.example.com:22\r\n\r\n',
    'GET /.postern/v1/tunnel/a:1 HTTP/1.1\r\nHost: g\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    'Authorization: Pomerium x\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: 1\r\n',
    'Origin: https://evil.example\r\n',
    'Cf-Access-Jump-Destination: b:1\r\n',
    '\r\n',
    '%5b',
    '\0',
  ],
  async run(input) {
    const seen = await headOf(input)
    if (seen === undefined) return 'no head'
    const { request, isConnect } = seen
    const { url = '', headers } = request
    const carried = tokenFromHeaders(headers)
    if (!isConnect && !isTunnelUpgrade(request))
      return `other ${carried === undefined ? '' : 'token'}`
    const authority = isConnect ? url : (parseTunnelPath(url) ?? '')
    const asked = { requestId: 'r', authority, headers, transport: 'http/1.1' } as ConnectRequest
    const { value, code } = attempt(() => checkedRequest(asked), PeerError, AccessError)
    if (value === undefined) return code ?? ''
    // What is asked for is what stands there, and no page of another site asks.
    assert.equal(headers.origin, undefined)
    const written = formatAuthority(value.target)
    assert.ok(isSameBut(written, authority), `"${authority}" became ${written}`)
    return `${isConnect ? 'connect' : 'websocket'} ${value.bastionTarget === undefined ? '' : 'bastion'}`
  },
}

/** Case, the dot of the root and the spelling of an IPv6 address aside. */
function isSameBut(written: string, authority: string): boolean {
  if (authority.startsWith('[')) return written.startsWith('[')
  return authority.toLowerCase().replace(/\.:/, ':') === written
}

interface Head {
  readonly request: IncomingMessage
  readonly isConnect: boolean
}

/** What Node's own server makes of bytes; undefined where it hands over no request. */
function headOf(input: Buffer): Promise<Head | undefined> {
  const server = createServer({ maxHeaderSize: 8_192 })
  const { promise, resolve } = Promise.withResolvers<Head | undefined>()
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  server.on('connect', (request) => resolve({ request, isConnect: true }))
  server.on('upgrade', (request) => resolve({ request, isConnect: false }))
  server.on('request', (request) => resolve({ request, isConnect: false }))
  server.on('clientError', () => resolve(undefined))
  server.emit('connection', socket as Socket)
  socket.push(input)
  socket.push(null)
  socket.on('error', () => resolve(undefined)).on('close', () => resolve(undefined))
  return promise.finally(() => {
    socket.destroy()
    server.close()
  })
}
