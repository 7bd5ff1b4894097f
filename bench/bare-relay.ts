/**
 * What Node itself costs, and so what the gateway is measured against: TLS from the client, TCP to the
 * upstream, bytes by `pipe`, no HTTP, no policy, no log.
 *
 *   node bare-relay.ts PORT UPSTREAM_PORT CERT KEY [--http2] [--relay]
 *
 * `--http2` answers CONNECT over HTTP/2, whoever asks for whatever. `--relay` copies with the product's
 * own `net/relay.ts` in the place of `pipe`: the difference is what that file costs.
 */
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer } from 'node:tls'

import { relay } from '../src/net/relay.ts'

const [port, upstreamPort, certFile = '', keyFile = '', ...flags] = process.argv.slice(2)
const tls = { cert: readFileSync(certFile), key: readFileSync(keyFile), allowHalfOpen: true }
const backlog = 4_096

/** As large as the gateway's, so that flow control is not what is compared. */
const streamWindowBytes = 1024 * 1024
const connectionWindowBytes = 16 * 1024 * 1024

const join = flags.includes('--relay') ? relay : pipeBoth
const server = flags.includes('--http2') ? http2Relay() : tlsRelay()
server.listen({ port: Number(port), host: '127.0.0.1', backlog })

function tlsRelay() {
  return createServer({ ...tls, noDelay: true }, (client) => void join(client, dial()))
}

function http2Relay() {
  const http2 = createSecureServer({ ...tls, settings: { initialWindowSize: streamWindowBytes } })
  http2.on('session', (session) => session.setLocalWindowSize(connectionWindowBytes))
  http2.on('stream', (stream: ServerHttp2Stream) => {
    const upstream = dial()
    upstream.once('connect', () => {
      stream.respond({ ':status': 200 })
      void join(stream, upstream)
    })
  })
  return http2
}

function dial() {
  return connect({
    port: Number(upstreamPort),
    host: '127.0.0.1',
    allowHalfOpen: true,
    noDelay: true,
  })
}

function pipeBoth(client: Duplex, upstream: Duplex): void {
  client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
  upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
  client.pipe(upstream)
  upstream.pipe(client)
}
