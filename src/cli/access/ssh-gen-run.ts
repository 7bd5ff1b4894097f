import { keyFilesFor, type KeyFiles } from '../../client/ssh-gen/key-files.ts'
import { formatApplicationSshConfig } from '../../client/ssh-gen/ssh-config.ts'
import { holdCertificate, type HeldCertificate } from '../../client/ssh-gen/ssh-gen.ts'
import { SystemError } from '../../errors.ts'
import { homeDirectory } from '../../home-directory.ts'
import type { Destination } from '../../reach/destination.ts'
import { checkUser, checkWords, tcpOptionsOf } from '../asking/ssh-options.ts'
import { clientEnvironment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { untilEndSignal } from '../process/signals.ts'
import { note, printJson, printText } from '../speech/print.ts'
import { lastingProgram } from '../process/own-program.ts'
import { sayTime } from '../../say-time.ts'
import { processVoice } from '../speech/voice.ts'
import { applicationOf } from './application-of.ts'
import { signInWays } from './application-sign-in.ts'
import type { SignInFlags } from './sign-in-options.ts'

/** The options of `postern access ssh-gen` as they were given. */
export interface SshGenOptions extends SignInFlags {
  readonly hostname: string
  readonly quiet?: boolean
  readonly json?: boolean
}

/** The options of `postern access ssh-config` as they were given. */
export interface SshConfigFlags extends SignInFlags {
  readonly hostname: string
  readonly shortLivedCert?: boolean
  readonly user?: string
}

/**
 * Runs `postern access ssh-gen`; resolves to the exit code.
 *
 * @throws AppError for everything that goes wrong
 */
export async function runSshGen(options: SshGenOptions): Promise<number> {
  const component = { human: 'ssh-gen', json: 'ssh-gen' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const destination = await applicationOf(options.hostname, options.gateway, options, voice)
  const { gateway, trust } = destination
  const files = filesFor(destination)
  const command = `postern access ssh-gen --hostname ${options.hostname}`
  const ways = signInWays(options, voice, command)
  const asked = { ...clientEnvironment(), gateway, trust, log: voice, ...ways }
  const held = await untilEndSignal((signal) => holdCertificate(destination, files, asked, signal))
  if (typeof held === 'number') return held
  if (options.json === true) printJson(toJson(held, files))
  else if (options.quiet !== true) sayHeld(held, files)
  return exitCodes.ok
}

function filesFor(destination: Destination): KeyFiles {
  const home = homeDirectory()
  if (home !== undefined) return keyFilesFor(home, destination)
  throw new SystemError('ssh-key-unusable', 'there is no home directory to keep a key in', {
    hint: 'set HOME to a directory of your own',
  })
}

function sayHeld({ certificate, isNew }: HeldCertificate, files: KeyFiles): void {
  const who = certificate.principals.map((name) => `"${name}"`).join(', ')
  const { validBeforeS } = certificate
  note(
    `${isNew ? 'a certificate' : 'the certificate that is there'} for ${who} until ${sayTime(timeOf(validBeforeS))}`,
  )
  note(`  in "${files.certificate}"`)
}

function toJson({ certificate, isNew }: HeldCertificate, files: KeyFiles): object {
  const { principals, validBeforeS, serial, keyId, extensions } = certificate
  return {
    key_file: files.privateKey,
    certificate_file: files.certificate,
    principals,
    expires_at: timeOf(validBeforeS),
    serial: String(serial),
    key_id: keyId,
    extensions,
    new: isNew,
  }
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

/** Runs `postern access ssh-config`; answers the exit code. */
export async function printApplicationSshConfig(flags: SshConfigFlags): Promise<number> {
  const component = { human: 'ssh-config', json: 'ssh-config' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const destination = await applicationOf(flags.hostname, flags.gateway, flags, voice)
  const words = [
    ...tcpOptionsOf(flags, destination),
    ...(flags.device === true ? ['--device'] : []),
  ]
  const options = checkWords(words)
  const files = flags.shortLivedCert === true ? filesFor(destination) : undefined
  const isGatewayNamed = flags.gateway !== undefined
  const user = checkUser(flags.user)
  const program = lastingProgram()
  const config = { program, destination, isGatewayNamed, options, user, files }
  printText(formatApplicationSshConfig(config))
  return exitCodes.ok
}
