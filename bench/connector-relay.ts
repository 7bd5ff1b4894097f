/**
 * What the hop through a connector costs by itself: TLS from the client, a stream through a connection that
 * another process has dialled, TCP from there to the upstream; no HTTP before it, no policy, no log. CPU time
 * and memory are those of both processes together.
 *
 *   node connector-relay.ts PORT UPSTREAM_PORT CERT KEY [--bare]
 *
 * `--bare` has TLS and `pipe` in both processes, a connection for each tunnel: the least that two of Node's
 * can do.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Duplex } from 'node:stream'
import { connect, createServer, type TLSSocket } from 'node:tls'

import { dial } from '../src/net/dial.ts'
import { relay } from '../src/net/relay.ts'
import { spawnProgram } from '../src/program.fixture.ts'
import { openConnectorEnd } from '../src/tunnel/connector/connector-end.ts'
import { openGatewayEnd } from '../src/tunnel/connector/gateway-end.ts'
import { connectorProtocol } from '../src/tunnel/connector/protocol.ts'

const host = '127.0.0.1'
const backlog = 4_096
const farFlag = '--far'
const signal = new AbortController().signal

const [port = '', upstreamPort = '', certFile = '', keyFile = '', ...flags] = process.argv.slice(2)
const isBare = flags.includes('--bare')
const certificate = () => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) })

if (flags.includes(farFlag)) await (isBare ? serveBareHop() : connectorHop())
else await nearSide()

/** The gateway's place. */
async function nearSide(): Promise<void> {
  const open = isBare ? await bareOpener() : await connectorOpener()
  const server = createServer(
    { ...certificate(), allowHalfOpen: true, noDelay: true },
    (client) => {
      client.on('error', () => undefined)
      open().then(
        (upstream) => void join(client, upstream),
        () => client.destroy(),
      )
    },
  )
  server.listen({ port: Number(port), host, backlog })
}

async function connectorOpener(): Promise<() => Promise<Duplex>> {
  const server = createServer({
    ...certificate(),
    ALPNProtocols: [connectorProtocol],
    allowHalfOpen: true,
    noDelay: true,
  }).listen(0, host)
  await once(server, 'listening')
  startFar((server.address() as AddressInfo).port)
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket]
  const end = await openGatewayEnd(socket)
  return () => end.openStream({ authority: 'upstream:1', grant: '' }, signal)
}

async function bareOpener(): Promise<() => Promise<Duplex>> {
  const far = startFar(0)
  const [said] = (await once(far.stdout, 'data')) as [Buffer]
  const farPort = Number(said.toString())
  return () => tlsTo(farPort)
}

/** The connector's place: another process, whose costs count as ours. */
function startFar(nearPort: number) {
  const args = [import.meta.filename, `${nearPort}`, upstreamPort, certFile, keyFile, farFlag]
  const far = spawnProgram(process.execPath, isBare ? [...args, '--bare'] : args)
  far.stderr.pipe(process.stderr)
  return far
}

async function connectorHop(): Promise<void> {
  const socket = await tlsTo(Number(port), [connectorProtocol])
  await openConnectorEnd(socket, {
    onStream(offer) {
      dial({ host, port: Number(upstreamPort) }).then(
        (upstream) => void join(offer.accept(), upstream),
        (error: unknown) => offer.refuse('origin-unreachable', String(error)),
      )
    },
  })
}

async function serveBareHop(): Promise<void> {
  const server = createServer(
    { ...certificate(), allowHalfOpen: true, noDelay: true },
    (client) => {
      dial({ host, port: Number(upstreamPort) }).then(
        (upstream) => void join(client, upstream),
        () => client.destroy(),
      )
    },
  )
  server.listen({ port: 0, host, backlog })
  await once(server, 'listening')
  process.stdout.write(`${(server.address() as AddressInfo).port}`)
}

/** Loopback, and a certificate of the benchmark's own: what is measured is bytes. */
async function tlsTo(toPort: number, protocols: string[] = []): Promise<TLSSocket> {
  const socket = connect({
    socket: await dial({ host, port: toPort }),
    rejectUnauthorized: false,
    ALPNProtocols: protocols,
  })
  await once(socket, 'secureConnect')
  return socket
}

async function join(client: Duplex, upstream: Duplex): Promise<void> {
  if (!isBare) {
    await relay(client, upstream)
    return
  }
  await Promise.allSettled([pipeline(client, upstream), pipeline(upstream, client)])
  client.destroy()
  upstream.destroy()
}
