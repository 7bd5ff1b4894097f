import { createGatewayClient, type GatewayClient } from '../../client/gateway-client.ts'
import { parseDestination, type Destination } from '../../reach/destination.ts'
import { startForward, type ForwardOptions } from '../../client/serve/forward.ts'
import { isOpenToOthers, parseListenAddress } from '../../client/serve/listen-address.ts'
import type { ListenAddress } from '../../client/serve/listen-address.ts'
import type { Admission } from '../../client/serve/same-user.ts'
import { forwardStdio } from '../../client/serve/stdio.ts'
import type { SignInTab } from '../../client/sign-in/browser-sign-in.ts'
import type { DeviceSignIn } from '../../client/sign-in/credentials-of.ts'
import type { TransportChoice } from '../../client/ways/transport.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { trustOf } from '../asking/trust.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { exitCodeOf, exitCodeOfSignal, exitCodes } from '../process/exit-codes.ts'
import { onEndSignal } from '../process/signals.ts'
import { connectionWords } from '../speech/connection-words.ts'
import { processVoice, type Voice } from '../speech/voice.ts'

/** The options of `postern tcp` as they were given. */
export interface TcpOptions extends AskOptions {
  readonly listen: string
  readonly gateway?: string
  readonly pomeriumUrl?: string
  readonly gatewayUrl?: string
  readonly deviceLogin?: boolean
  readonly sameUser?: boolean
  readonly transport: TransportChoice
  readonly logFormat: 'human' | 'json'
}

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
    const { authority } = destination
    return listen.kind === 'stdio'
      ? await serveStdio(destination, client, voice)
      : await serveListener({ listen, authority, admission }, client, voice)
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
  let endedBy: number | undefined
  using _ = onEndSignal((signal) => {
    endedBy = exitCodeOfSignal(signal)
    const graceMs = signal === 'SIGHUP' ? hangUpGraceMs : 0
    // Unreferenced: a tunnel that ends before keeps nobody waiting.
    setTimeout(() => void client.destroy(), graceMs).unref()
  })
  const outcome = await forwardStdio({ authority, client })
  const error = 'error' in outcome ? outcome.error : undefined
  if (endedBy === undefined && error !== undefined) voice.fatal(error)
  await client.destroy()
  return endedBy ?? (error === undefined ? exitCodes.ok : exitCodeOf(error))
}

async function serveListener(
  options: Pick<ForwardOptions, 'authority' | 'listen' | 'admission'>,
  client: GatewayClient,
  voice: Voice,
): Promise<number> {
  const words = connectionWords(voice)
  const forward = await startForward({ ...options, client, report: words.report })
  voice.info(`listening on ${forward.address}`, { addr: forward.address })
  await new Promise<void>((resolve) => {
    const watch = onEndSignal(() => {
      // A second signal ends the process at once.
      watch[Symbol.dispose]()
      resolve()
    })
  })
  words.flush()
  voice.info('ending')
  await Promise.all([forward.close(0), client.destroy()])
  return exitCodes.ok
}
