import { join } from 'node:path'
import { withFields } from '../../client/applications/forwarders.ts'
import { SystemError } from '../../errors.ts'
import type { LogLevel } from '../../log.ts'
import { isStandardInputTerminal } from '../../standard-output.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { environment } from '../process/environment.ts'
import { exitCodeOf } from '../process/exit-codes.ts'
import { clientFor } from '../serving/client-for.ts'
import { sameUser, warnAboutExposure } from '../serving/exposure.ts'
import { serveListener, serveStdio } from '../serving/serve.ts'
import { processVoice, type Voice } from '../speech/voice.ts'
import { applicationOf } from './application-of.ts'
import {
  readServices,
  type AccessTcpOptions,
  type AskedService,
  type Protocol,
} from './tcp-options.ts'

/** Runs `postern access tcp`, `ssh`, `rdp` or `smb` to its end and resolves to the exit code. */
export async function runAccessTcp(
  protocol: Protocol,
  urlArgument: string | undefined,
  given: AccessTcpOptions,
): Promise<number> {
  const url = urlArgument === undefined ? given.url : [...(given.url ?? []), urlArgument]
  const options = url === undefined ? given : { ...given, url }
  await using speech = await openSpeech(options, isPiped(protocol, options))
  const { voice } = speech
  try {
    if (options.config !== undefined) {
      refuseBoth(options)
      const { runForwardersFile } = await import('./forwarders-run.ts')
      return await runForwardersFile(options.config, protocol, options, voice)
    }
    const services = readServices(options, environment)
    if (services.length > 1) {
      const { runForwarders } = await import('./forwarders-run.ts')
      const chosen = protocol === 'rdp' ? await atDesktopAddresses(services) : services
      return await runForwarders(chosen, options, voice)
    }
    return await serveOne(protocol, services[0], options, voice)
  } catch (error) {
    voice.fatal(error)
    return exitCodeOf(error)
  }
}

async function serveOne(
  protocol: Protocol,
  { hostname, local: asked, fields }: AskedService,
  options: AccessTcpOptions,
  voice: Voice,
): Promise<number> {
  const found = await applicationOf(hostname, options.gateway, options, voice)
  const { gateway, authority, trust } = found
  const local = protocol === 'rdp' ? await desktopAddress(asked) : asked
  const credential = await readServiceAccount(options, environment)
  warnAboutSecrets(options, voice)
  const command = `postern access ${protocol} --hostname ${new URL(gateway.origin).host}`
  const client = clientFor({ gateway, trust, credential, command }, options, voice)
  const served = { authority, client, opener: withFields(client, { fields }) }
  if (local === undefined) {
    warnAboutTerminal(voice)
    return serveStdio(served, voice)
  }
  warnAboutExposure(local.listen, local.written, voice)
  const admission = options.sameUser === true ? await sameUser(local.listen) : undefined
  return serveListener(served, { listen: local.listen, admission }, voice, (address) => {
    if (protocol === 'rdp') voice.info(`point the Remote Desktop client at ${address}`)
  })
}

async function atDesktopAddresses(services: readonly AskedService[]): Promise<AskedService[]> {
  const locals = await Promise.all(services.map(({ local }) => desktopAddress(local)))
  return services.map((service, index) => ({ ...service, local: locals[index] }))
}

async function desktopAddress(asked: AskedService['local']): Promise<AskedService['local']> {
  const { chooseDesktopAddress } = await import('./desktop-address.ts')
  return chooseDesktopAddress(asked)
}

function refuseBoth({ hostname, url }: AccessTcpOptions): void {
  if (hostname === undefined && url === undefined) return
  throw new SystemError('invalid-configuration-file', '"--config" names the applications itself', {
    hint: 'leave out "--hostname" and "--url", or leave out "--config"',
  })
}

/** Whether standard input and output are the connection: then its program speaks for itself. */
function isPiped(protocol: Protocol, { url, config }: AccessTcpOptions): boolean {
  return (
    protocol !== 'rdp' &&
    url === undefined &&
    config === undefined &&
    !environment['TUNNEL_SERVICE_URL']
  )
}

function warnAboutTerminal(voice: Voice): void {
  if (!isStandardInputTerminal()) return
  voice.warn('standard input is a terminal: what you type goes to the application', {
    hint: '"--url localhost:PORT" opens a local port for its client instead',
  })
}

interface Speech extends AsyncDisposable {
  readonly voice: Voice
}

/** How long the end waits for a log file on a slow disk, in milliseconds. */
const logSettleMs = 500

async function openSpeech(options: AccessTcpOptions, isQuiet: boolean): Promise<Speech> {
  const component = { human: 'access', json: 'access' }
  const level = levelOf(options, isQuiet)
  const spoken = processVoice({ format: options.logFormat, level, component })
  const path = logFilePath(options)
  if (path === undefined) return { voice: spoken, [Symbol.asyncDispose]: () => Promise.resolve() }
  const { bothVoices, openLogFile } = await import('../speech/log-file.ts')
  const kept = openLogFile(path, { level: levelOf(options, false), component })
  return {
    voice: bothVoices(spoken, kept.voice),
    [Symbol.asyncDispose]: () => kept.output.settled(logSettleMs),
  }
}

function levelOf({ logLevel }: AccessTcpOptions, isQuiet: boolean): LogLevel {
  // What ends the program is said at any level.
  if (logLevel === 'fatal') return 'error'
  return logLevel ?? (isQuiet ? 'warn' : 'info')
}

function logFilePath({ logfile, logDirectory }: AccessTcpOptions): string | undefined {
  return logfile ?? (logDirectory === undefined ? undefined : join(logDirectory, 'postern.log'))
}
