import type { Socket } from 'node:net'
import { parseDestination, type Destination } from '../../client/reach/destination.ts'
import { createGatewayClient, type GatewayClient } from '../../client/gateway-client.ts'
import type { DeviceSignIn } from '../../client/sign-in/credentials-of.ts'
import type { SignInTab } from '../../client/sign-in/browser-sign-in.ts'
import { CutError, endedError } from '../../client/ways/ended.ts'
import {
  isOpenToOthers,
  parseListenAddress,
  type ListenAddress,
} from '../../client/serve/listen-address.ts'
import { startListener } from '../../client/serve/listener.ts'
import type { Admission } from '../../client/serve/same-user.ts'
import { serveLocal } from '../../client/serve/serve-local.ts'
import { watchForOrphan } from '../../client/serve/orphan.ts'
import { openStdio } from '../../client/serve/stdio.ts'
import { AccessError } from '../../errors.ts'
import { ownedStreams } from '../../standard-streams.ts'
import { exitCodeOf, exitCodeOfSignal, exitCodes } from '../process/exit-codes.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { onEndSignal } from '../process/signals.ts'
import type { TcpOptions } from './tcp-options.ts'
import { trustOf } from '../asking/trust.ts'
import { countFailures } from '../speech/count-failures.ts'
import { describe, errorFields, processVoice, type Voice } from '../speech/voice.ts'

/**
 * Time for a tunnel to end in order after SIGHUP, in milliseconds: `ssh` closes our input and sends the
 * signal in one breath, and what it said last is still on its way.
 */
const hangUpGraceMs = 1_000

/** Runs `postern tcp` to its end and resolves to the exit code. */
export async function runTcp(destinationText: string, options: TcpOptions): Promise<number> {
  const voice = processVoice({
    format: options.logFormat,
    // With stdin and stdout there is one connection, and its program speaks for itself.
    level: options.listen === '-' ? 'warn' : 'info',
    component: { human: 'tcptunnel', json: 'tunnel' },
  })
  try {
    const listen = parseListenAddress(options.listen)
    const gatewayUrl = options.gateway ?? options.gatewayUrl ?? options.pomeriumUrl
    const destination = parseDestination(destinationText, gatewayUrl)
    const client = await createClient(destination, options, voice)
    warnAboutExposure(listen, options, voice)
    const admission = options.sameUser === true ? await sameUser(listen) : undefined
    return listen.kind === 'stdio'
      ? await serveStdio(destination, client, voice)
      : await serveListener(listen, destination, { client, voice, admission })
  } catch (error) {
    voice.fatal(error)
    return exitCodeOf(error)
  }
}

async function sameUser(listen: ListenAddress): Promise<Admission> {
  const { admitSameUser } = await import('../../client/serve/same-user.ts')
  return admitSameUser(listen)
}

async function createClient(
  { gateway, authority }: Destination,
  options: TcpOptions,
  voice: Voice,
): Promise<GatewayClient> {
  const trust = await trustOf(options, voice)
  const serviceAccountToken = await readServiceAccount(options, environment)
  return createGatewayClient({
    ...clientEnvironment(),
    gateway,
    trust,
    serviceAccountToken,
    transport: options.transport,
    log: voice,
    command: `postern tcp ${authority}`,
    presentSignIn(url, tab) {
      presentSignIn(url, tab, options, voice)
    },
    deviceSignIn:
      options.deviceLogin === true ? deviceSignIn(authority, options, voice) : undefined,
  })
}

/** The code is said at any level, too. */
function deviceSignIn(authority: string, { logFormat }: TcpOptions, voice: Voice): DeviceSignIn {
  return {
    command: `postern tcp ${authority}`,
    present(code) {
      void import('../asking/device-code.ts').then(({ presentDeviceCode }) => {
        presentDeviceCode(code, logFormat, voice)
      })
    },
  }
}

/** The address is said at any level: it may have to be opened by hand. */
function presentSignIn(url: string, tab: SignInTab, options: TcpOptions, voice: Voice): void {
  // Loaded only now: node:child_process is a good part of a start.
  void import('../asking/ask-to-sign-in.ts').then(({ askToSignIn }) => {
    askToSignIn(url, tab, options, voice)
  })
}

function warnAboutExposure(listen: ListenAddress, options: TcpOptions, voice: Voice): void {
  warnAboutSecrets(options, voice)
  if (isOpenToOthers(listen)) {
    voice.warn(`everybody who reaches "${options.listen}" uses the service as you`, {
      hint: 'listen on 127.0.0.1 unless you mean that',
    })
  }
}

async function serveStdio(
  { authority }: Destination,
  client: GatewayClient,
  voice: Voice,
): Promise<number> {
  let ended: number | undefined
  using _ = onEndSignal((signal) => {
    ended = exitCodeOfSignal(signal)
    const graceMs = signal === 'SIGHUP' ? hangUpGraceMs : 0
    // Unreferenced: a tunnel that ends before keeps nobody waiting.
    setTimeout(() => void client.destroy(), graceMs).unref()
  })
  const stdio = openStdio()
  using orphan = watchForOrphan({
    input: ownedStreams().input,
    onOrphan: () => stdio.destroy(nobodyLeft()),
  })
  try {
    // From then on the tunnel's own bytes tell.
    const end = await serveLocal(stdio, authority, client, () => orphan[Symbol.dispose]())
    if (ended !== undefined) return ended
    const failure = endedError(end, authority)
    if (failure !== undefined) throw failure
    return exitCodes.ok
  } catch (error) {
    if (ended !== undefined) return ended
    voice.fatal(error)
    return exitCodeOf(error)
  } finally {
    await client.destroy()
  }
}

/** What serves each local connection. */
interface Service {
  readonly client: GatewayClient
  readonly voice: Voice
  /** Who may connect; undefined: everybody who can. */
  readonly admission: Admission | undefined
}

async function serveListener(
  listen: Exclude<ListenAddress, { kind: 'stdio' }>,
  { authority }: Destination,
  service: Service,
): Promise<number> {
  const { client, voice } = service
  const ending = new AbortController()
  const failures = countFailures(voice)
  const counted = { ...service, voice: { ...voice, error: failures.error, warn: failures.warn } }
  const listener = await startListener(listen, (socket) =>
    serveOne(socket, authority, counted, ending.signal),
  )
  voice.info(`listening on ${listener.address}`, { addr: listener.address })
  await new Promise<void>((resolve) => {
    const watch = onEndSignal(() => {
      // A second signal ends the process at once.
      watch[Symbol.dispose]()
      resolve()
    })
  })
  failures.flush()
  voice.info('ending')
  ending.abort()
  await Promise.all([listener.close(0), client.destroy()])
  return exitCodes.ok
}

/**
 * Serves one local connection; its failure is told and ends nothing else. That we cut it ourselves
 * when the program ends is no failure. Never rejects.
 */
async function serveOne(
  socket: Socket,
  authority: string,
  { client, voice, admission }: Service,
  ending: AbortSignal,
): Promise<void> {
  const peer =
    socket.remoteAddress === undefined ? 'local' : `${socket.remoteAddress}:${socket.remotePort}`
  const fields = { peer, destination: authority }
  if (admission !== undefined && !(await isAdmitted(socket, admission, voice, fields))) return
  try {
    const end = await serveLocal(socket, authority, client, () =>
      voice.info(`connected ${peer}`, fields),
    )
    const failure = ending.aborted ? undefined : endedError(end, authority)
    if (failure !== undefined) throw failure
    voice.info(`disconnected ${peer}`, {
      ...fields,
      bytesUp: end.bytesUp,
      bytesDown: end.bytesDown,
    })
  } catch (error) {
    if (ending.aborted) return
    // What the gateway does on purpose is no error of the program.
    const level = error instanceof CutError ? 'warn' : 'error'
    voice[level](describe(error), { ...fields, ...errorFields(error) })
  }
}

/** Of a connection that is not, no byte has been read by us, and none goes anywhere. */
async function isAdmitted(
  socket: Socket,
  admission: Admission,
  voice: Voice,
  fields: { readonly peer: string },
): Promise<boolean> {
  // Nobody else listens yet.
  socket.on('error', () => undefined)
  const why = await admission(socket)
  if (socket.destroyed) return false
  if (why === undefined) return true
  socket.resetAndDestroy()
  voice.warn(`refused ${fields.peer}: ${why}`, { ...fields, code: 'other-user' })
  return false
}

/** Whoever started this is gone: seldom is there anybody to read it. */
function nobodyLeft(): AccessError {
  return new AccessError('sign-in-cancelled', 'nobody is left who uses this tunnel')
}
