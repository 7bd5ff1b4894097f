import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type Clock } from '../../clock.ts'
import { silentLogger } from '../../log.ts'
import { followSignIn, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openConnectionsFile } from '../connections/connections-file.ts'
import { connectionSettings, type ConnectionInput } from '../wire/connection.ts'
import type { ConnectionState, ConnectionView, GatewayView } from '../wire/view.ts'
import type { Daemon, DaemonOptions } from './daemon-types.ts'
import { openDaemon } from './daemon.ts'

export interface DaemonRig extends AsyncDisposable {
  readonly daemon: Daemon
  readonly directory: string
  readonly path: string
  /** Addresses that a tab was opened for. */
  readonly opened: string[]
  /** What the person was told. */
  readonly told: string[]
  /** Adds a connection to the gateway and answers its id. */
  add(
    gateway: Pick<FakeGateway, 'origin' | 'ca'>,
    input?: Partial<ConnectionInput>,
  ): Promise<string>
  untilState(
    id: string,
    state: ConnectionState,
    isMet?: (view: ConnectionView) => boolean,
  ): Promise<ConnectionView>
  untilGateway(origin: string, isMet: (view: GatewayView) => boolean): Promise<GatewayView>
  /** Connects to a connection's local address. */
  dial(id: string): Promise<Socket>
}

export interface DaemonRigOptions extends Partial<
  Pick<DaemonOptions, 'clock' | 'platform' | 'whoHolds' | 'remembered'>
> {
  /** What the browser does with an address that is opened. **Default:** signs in */
  readonly browser?: (url: string, onFailed: () => void) => unknown
  readonly directory?: string
}

/** @limit none: longest wait of a test for a state */
const untilMs = 30_000

/** Waits that are short in a test: what is tried again after seconds is so after milliseconds. */
export const hurriedClock: Clock = {
  now: () => systemClock.now(),
  schedule: (delayMs, callback) => systemClock.schedule(delayMs / 50, callback),
}

/** A daemon whose files are gone with it. */
export async function openDaemonRig(options: DaemonRigOptions = {}): Promise<DaemonRig> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'postern-')))
  const path = join(directory, 'config', 'connections.json')
  const opened: string[] = []
  const told: string[] = []
  const daemon = await openDaemon({
    proxies: {},
    log: silentLogger,
    cacheDirectory: join(directory, 'cache'),
    clock: hurriedClock,
    pid: process.pid,
    file: openConnectionsFile(path),
    whoHolds: () => Promise.resolve(undefined),
    tellPerson: (message) => void told.push(message),
    ...options,
    openBrowser(url, onFailed) {
      opened.push(url)
      void (options.browser ?? followSignIn)(url, onFailed)
    },
  })

  async function until<T>(find: () => T | undefined, what: () => string): Promise<T> {
    const met = Promise.withResolvers<T>()
    const timer = setTimeout(() => met.reject(new Error(`not in time: ${what()}`)), untilMs)
    using _ = daemon.follow(() => {
      const found = find()
      if (found !== undefined) met.resolve(found)
    })
    return await met.promise.finally(() => clearTimeout(timer))
  }

  return {
    daemon,
    directory,
    path,
    opened,
    told,
    async add(gateway, input = {}) {
      const settings = connectionSettings.parse({
        name: `connection ${daemon.all().length + 1}`,
        destination: 'db.corp:5432',
        gateway: gateway.origin,
        ca_cert: gateway.ca,
        listen: '127.0.0.1:0',
        ...input,
      })
      const [id = ''] = await daemon.change({ add: [settings] })
      return id
    },
    untilState: (id, state, isMet = () => true) =>
      until(
        () => [daemon.viewOf(id)].find((view) => view.state === state && isMet(view)),
        () => `${state}, it is ${JSON.stringify(daemon.viewOf(id))}`,
      ),
    untilGateway: (origin, isMet) =>
      until(
        () => daemon.view().gateways.find((view) => view.origin === origin && isMet(view)),
        () => JSON.stringify(daemon.view().gateways),
      ),
    async dial(id) {
      const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(daemon.viewOf(id).address) ?? []
      const socket = connect({ host, port: Number(port), allowHalfOpen: true })
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      return socket
    },
    async [Symbol.asyncDispose]() {
      await daemon.close(0)
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Sends a line and waits for it to come back. */
export async function echoed(socket: Socket, line = 'there and back'): Promise<void> {
  let came = ''
  const whole = new Promise<void>((resolve, reject) => {
    socket.on('data', function take(chunk) {
      came += String(chunk)
      if (came.length < line.length) return
      socket.off('data', take)
      resolve()
    })
    socket.once('close', () => reject(new Error('closed before the echo')))
  })
  socket.write(line)
  await whole
  assert.equal(came, line)
}

/** Resolves when it has closed, however that was. */
export async function closed(socket: Socket): Promise<void> {
  socket.once('end', () => socket.destroy()).resume()
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
}

/** A door before a gateway that can be closed and opened again, at one address. */
export async function startDoor(port: number) {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const onward = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => undefined).once('close', () => sockets.delete(one))
    }
    socket.pipe(onward).pipe(socket)
  })
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
  }
  await listen(0)
  const own = (server.address() as AddressInfo).port
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return {
    origin: `https://127.0.0.1:${own}`,
    close,
    open: () => listen(own),
    [Symbol.asyncDispose]: close,
  }
}
