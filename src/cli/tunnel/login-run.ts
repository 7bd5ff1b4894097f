import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  keepCredential,
  keepNewCredential,
  prepareDirectory,
} from '../../client/publish/credential-directory.ts'
import { logInToPublish } from '../../client/publish/publish-login.ts'
import { SystemError } from '../../errors.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import type { DeviceCodeAnswer } from '../../tunnel/device.ts'
import { encodePublishCredential } from '../../tunnel/publish-credential.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import { gatewayOf } from '../asking/gateway-of.ts'
import { clientEnvironment } from '../process/environment.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { untilEndSignal } from '../process/signals.ts'
import { note, noteText, printJson } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { processVoice, type Voice } from '../speech/voice.ts'
import { credentialPathOf } from './publisher-options.ts'

/** The options of `postern tunnel login` as they were given. */
export interface TunnelLoginOptions extends TrustFlags {
  readonly gateway?: string
  readonly origincert?: string
  readonly overwrite?: boolean
  /** False with `--no-browser`. */
  readonly browser?: boolean
  readonly browserCmd?: string
  readonly json?: boolean
}

/**
 * Runs `postern tunnel login`; resolves to the exit code.
 *
 * @throws AppError for everything that goes wrong
 */
export async function runTunnelLogin(options: TunnelLoginOptions): Promise<number> {
  const component = { human: 'tunnel login', json: 'tunnel-login' }
  const voice = processVoice({ format: 'human', level: 'info', component })
  const path = credentialPathOf(options)
  if (options.overwrite !== true) await refuseExisting(path)
  await prepareDirectory(dirname(path))
  const told = clientEnvironment()
  const { gateway, trust } = await gatewayOf(options.gateway, options, voice, '--gateway')
  const send = createSendToGateway(
    createDialer({ ...told, gateway, trust, log: voice, unreachableHint }),
  )
  const command = `postern tunnel login --gateway ${gateway.origin}`
  const present = (code: DeviceCodeAnswer): void => show(code, options, voice)
  const issued = await untilEndSignal((signal) =>
    logInToPublish({ send, command, present, signal }),
  )
  if (typeof issued === 'number') return issued
  const { id, secret, site, expires_at: expires } = issued
  const ca = trust.extraCa.length === 0 ? undefined : trust.extraCa.join('\n')
  const credential = { gateway: gateway.origin, site, id, secret, expires, ca }
  const text = encodePublishCredential(credential)
  if (options.overwrite === true) await keepCredential(path, text)
  else if (!(await keepNewCredential(path, text))) throw overtaken(path, site)
  note(`you may publish to "${site}" at "${gateway.origin}" until ${sayTime(expires)}`)
  note(`the credential is in "${path}", readable by this user only`)
  if (options.json) printJson({ gateway: gateway.origin, site, id, expires_at: expires, path })
  return exitCodes.ok
}

const unreachableHint = 'check the address that "--gateway" names, and the network'

/** As cloudflared does: what is there may be all that somebody has. */
async function refuseExisting(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (!isThere) return
  throw new SystemError('output-exists', `there is a credential in "${path}" already`, {
    hint: 'replace it with --overwrite, or keep another in a file that --origincert names',
  })
}

/** Of two at once the first that has signed in is kept: the machine may be publishing with it. */
function overtaken(path: string, site: string): SystemError {
  const text = `another "postern tunnel login" has kept a credential in "${path}" meanwhile, which stays`
  return new SystemError('output-exists', text, {
    hint: `the one for "${site}" was thrown away: run it again with --overwrite to have it instead`,
  })
}

function show(
  code: DeviceCodeAnswer,
  { browser, browserCmd }: TunnelLoginOptions,
  voice: Voice,
): void {
  const { verificationUriComplete: url, userCode, expiresInSeconds } = code
  const minutesLeft = Math.round(expiresInSeconds / 60)
  noteText(
    [
      'open this address in a browser, on this machine or any other:\n\n',
      `  ${url}\n\n`,
      'compare the code there with this one, and choose a site:\n\n',
      `  ${userCode}\n\n`,
      `waiting; the code is good for ${minutesLeft} minutes, and Ctrl-C gives up\n`,
    ].join(''),
  )
  if (browser === false) return
  void import('../../client/sign-in/browser.ts').then(({ openBrowser }) =>
    openBrowser(url, browserCmd, voice, {
      hint: 'open the address above yourself, on this machine or any other',
    }),
  )
}
