// What `tell` costs where it is paid: the gateway's CPU time and throughput of a route with it, beside the same route without.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { stringify } from 'yaml'
import { createControlClient, type ControlClient } from '../src/control/client.ts'
import { freePort } from '../src/net/free-port.fixture.ts'
import { receive } from './bytes.ts'
import type { Figures } from './measures.ts'
import { cpuSeconds } from './process-stats.ts'
import { startServer } from './processes.ts'
import { programFile } from './targets/gateway.ts'
import type { Setting } from './target.ts'
import { makeStream, toldStreams, type Said, type ToldStream } from './tell.ts'
import { createOpener } from './tunnels.ts'

/** A gateway with two routes to each service: with `tell`, and without. */
export interface ToldRoutes extends AsyncDisposable {
  /** Moves so many GiB of rows to a client by one of them. Throws where whoever is to be told is not, or another is. */
  measure(told: ToldStream, gib: number, way: (typeof ways)[number]): Promise<Figures>
}

export const ways = ['without-tell', 'with-tell'] as const
const bytesPerGib = 1024 ** 3

export async function openToldRoutes(
  { directory, certFile, keyFile }: Omit<Setting, 'upstreamPort'>,
  ca: string,
  gib: number,
): Promise<ToldRoutes> {
  await using opening = new AsyncDisposableStack()
  const state_directory = mkdtempSync(`${directory}/told-`)
  const config = `${state_directory}.yaml`
  const routes: object[] = []
  for (const told of toldStreams) {
    const service = opening.adopt(startService(told, gib), (it) => void it.close())
    await once(service, 'listening')
    const { port } = service.address() as AddressInfo
    for (const way of ways)
      routes.push({
        from: `tcp+https://${authorityOf(told, way)}`,
        to: `tcp://127.0.0.1:${port}`,
        allow_public_unauthenticated_access: true,
        ...(way === 'with-tell' && { tell: told.protocol }),
      })
  }
  const port = await freePort()
  const settings = {
    address: `127.0.0.1:${port}`,
    certificate_file: certFile,
    certificate_key_file: keyFile,
    state_directory,
    log_level: 'warn',
    routes,
  }
  writeFileSync(config, stringify(settings))
  const args = [programFile, 'gateway', '-c', config]
  const gateway = opening.adopt(await startServer(process.execPath, args, port), (it) => it.stop())
  const control = createControlClient(state_directory)
  const opened = opening.move()
  return {
    async measure(told, ofGib, way) {
      const authority = authorityOf(told, way)
      const opener = createOpener({ protocol: 'h2', port, ca, authority }, true)
      try {
        const tunnel = await opener.open()
        const bytes = lengthOf(told, ofGib)
        const { opening: turns } = makeStream(told)
        const [cpu, at] = [cpuSeconds(gateway.pid), performance.now()]
        await receive(tunnel, (await say(tunnel, turns, 'client')) + bytes)
        const seconds = (performance.now() - at) / 1_000
        const figures = {
          cpuSecondsPerGib: (cpuSeconds(gateway.pid) - cpu) / (bytes / bytesPerGib),
          mibPerSecond: bytes / 1024 ** 2 / seconds,
        }
        const isTold = (await lastWords(tunnel, control)) > 0
        if (isTold !== (way === 'with-tell')) throw new Error(`told: ${isTold}`)
        return figures
      } finally {
        opener.close()
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const authorityOf = ({ protocol, rowBytes }: ToldStream, way: string): string =>
  `${protocol}-${rowBytes}.${way}.example.com:1`

/** Whole rows, as many as make at least so much. */
function lengthOf(told: ToldStream, gib: number): number {
  const { length } = makeStream(told).rows
  return Math.ceil((gib * bytesPerGib) / length) * length
}

/** A service that says what is its to say, and then rows, whoever comes. */
function startService(told: ToldStream, gib: number): Server {
  const { opening, rows } = makeStream(told)
  const bytes = lengthOf(told, gib)
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    void (async () => {
      const awaited = await say(socket, opening, 'service')
      if (awaited > 0) await receive(socket, awaited)
      for (let sent = 0; sent < bytes && !socket.destroyed; sent += rows.length)
        if (!socket.write(rows)) await untilDrained(socket)
    })()
  })
  return server.listen(0, '127.0.0.1')
}

function untilDrained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve).once('close', () => resolve())
  })
}

/** Takes one's turns of an opening; resolves to how many bytes of the other's last turns are still to come. */
async function say(stream: Duplex, opening: readonly Said[], self: Said['by']): Promise<number> {
  let awaited = 0
  for (const { by, bytes } of opening) {
    if (by !== self) awaited += bytes.length
    else {
      // Nothing more comes before this: what is received is all of it.
      if (awaited > 0) await receive(stream, awaited)
      awaited = 0
      stream.write(bytes)
    }
  }
  return awaited
}

/** Has the one tunnel that is open cut; resolves to how many bytes its client was still sent. */
async function lastWords(tunnel: Duplex, control: ControlClient): Promise<number> {
  let bytes = 0
  tunnel.on('data', (data: Buffer) => (bytes += data.length))
  // Not `once` of node:events, which rejects on 'error'.
  const ended = new Promise((resolve) => tunnel.once('close', resolve))
  for (const { id } of (await control.listTunnels()).tunnels) await control.cutTunnels({ id })
  await ended
  return bytes
}
