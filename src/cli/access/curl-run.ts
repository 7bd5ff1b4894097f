import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AccessError, SystemError, messageOf, systemCode } from '../../errors.ts'
import { bracketed } from '../../address.ts'
import type { Destination } from '../../reach/destination.ts'
import type { AskedDestination } from '../asking/destination-of.ts'
import { credentialFields } from '../../tunnel/headers.ts'
import { exitCodeOfSignal } from '../process/exit-codes.ts'
import { onEndSignal, type EndSignal } from '../process/signals.ts'
import { processVoice, type Voice } from '../speech/voice.ts'
import { keptToken, namedApplication, signInToApplication } from './application-sign-in.ts'
import type { SignInFlags } from './sign-in-options.ts'

/** The options of `postern access curl` as they were given. */
export interface AccessCurlOptions extends SignInFlags {
  readonly allowRequest?: boolean
}

/** Runs `postern access curl`; resolves to curl's exit code. */
export async function runAccessCurl(
  urlText: string,
  rest: readonly string[],
  options: AccessCurlOptions,
): Promise<number> {
  const component = { human: 'curl', json: 'curl' }
  const voice = processVoice({ format: 'human', level: 'warn', component })
  const url = httpsUrl(urlText)
  const destination = await namedApplication(url.href, options, voice)
  const token = await tokenFor(destination, options, voice)
  if (typeof token === 'number') return token
  const config = configOf(token, url, destination, options)
  return runCurl([url.href, ...rest], config, destination.trust.extraCa.join('\n'))
}

/** Without a scheme curl would take HTTP, and show the token to everybody on the way. */
function httpsUrl(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (url?.protocol === 'https:') return url
  throw new SystemError('invalid-hostname', `"${text}" is no address to send a token to`, {
    hint: 'write an address that begins with "https://"',
  })
}

async function tokenFor(
  destination: AskedDestination,
  options: AccessCurlOptions,
  voice: Voice,
): Promise<string | undefined | number> {
  if (options.allowRequest === true) {
    return keptToken(destination, voice).catch((error: unknown) => {
      if (error instanceof AccessError) return undefined
      throw error
    })
  }
  const command = `postern access curl ${destination.gateway.origin}`
  const signedIn = await signInToApplication(destination, options, voice, command)
  return typeof signedIn === 'number' ? signedIn : signedIn.token
}

/**
 * A configuration of curl. `Authorization` and no header of another name: curl sends any other one on to
 * whatever host it is redirected to (CURLOPT_HTTPHEADER(3)).
 */
function configOf(
  token: string | undefined,
  { hostname, port }: URL,
  { gateway }: Destination,
  flags: SignInFlags,
): string {
  const fields = Object.entries(token === undefined ? {} : credentialFields(token))
  const files = {
    cert: flags.clientCert,
    key: flags.clientKey,
  }
  return [
    ...fields.map(([name, value]) => `header = ${quoted(`${name}: ${value}`)}`),
    ...Object.entries(files).flatMap(([name, path]) =>
      path === undefined ? [] : [`${name} = ${quoted(path)}`],
    ),
    'proto = "=https"',
    'proto-redir = "=https"',
    // The token is the gateway's: nobody else is asked, whatever the name leads to.
    `connect-to = ${quoted(`${hostname}:${port || 443}:${bracketed(gateway.host)}:${gateway.port}`)}`,
    ...(flags.disableTlsVerification === true ? ['insecure'] : []),
    '',
  ].join('\n')
}

/** As curl(1) has it, `--config`. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** The descriptor on which curl finds its configuration: standard input may be what it is to send. */
const configDescriptor = 3

/**
 * The configuration is a file without a name by the time curl starts, in a folder of this user's alone. A
 * pipe of Node's is a socket, which nobody can open by `/dev/fd`. Windows has neither: there the file has
 * its name until curl ends.
 */
async function runCurl(args: readonly string[], config: string, ca: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  try {
    const path = join(folder, 'curlrc')
    const caPath = join(folder, 'ca.pem')
    const withCa = ca === '' ? config : `${config}cacert = ${quoted(caPath)}\n`
    if (ca !== '') await writeFile(caPath, ca, { mode: 0o600 })
    await writeFile(path, withCa, { mode: 0o600 })
    if (process.platform === 'win32') {
      return await endOf(spawn('curl', ['--config', path, ...args], { stdio: 'inherit' }))
    }
    await using file = await open(path)
    await rm(path)
    const options = ['--config', `/dev/fd/${configDescriptor}`, ...args]
    return await endOf(
      spawn('curl', options, { stdio: ['inherit', 'inherit', 'inherit', file.fd] }),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A signal that asks to end is passed on: curl decides what it does with it. */
async function endOf(child: ChildProcess): Promise<number> {
  using _ = onEndSignal((signal) => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(curlMissing(error)))
    child.once('exit', (code, signal) => {
      resolve(code ?? exitCodeOfSignal((signal ?? 'SIGTERM') as EndSignal))
    })
  })
}

function curlMissing(cause: Error): SystemError {
  const isMissing = systemCode(cause) === 'ENOENT'
  const message = isMissing
    ? 'there is no "curl" on this machine'
    : `cannot run "curl": ${messageOf(cause)}`
  return new SystemError('curl-missing', message, {
    cause,
    hint: 'install it, or use "postern access token" with another program',
  })
}
