import { namedOrLastGateway, rememberGateway } from '../../reach/last-gateway.ts'
import type { PresentSignIn } from '../../client/sign-in/browser-sign-in.ts'
import { logIn } from '../../client/sign-in/login.ts'
import type { TokenOwner } from '../../client/sign-in/session-api.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import { askToSignIn } from '../asking/ask-to-sign-in.ts'
import { presentDeviceCode } from '../asking/device-code.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { clientEnvironment } from '../process/environment.ts'
import { untilEndSignal } from '../process/signals.ts'
import { minutes } from '../speech/table.ts'
import { trustOf } from '../asking/trust.ts'
import { processVoice, type Voice } from '../speech/voice.ts'

/** The options of `postern login` as they were given. */
export interface LoginOptions extends TrustFlags {
  readonly device?: boolean
  readonly browserCmd?: string
  readonly json?: boolean
}

/**
 * Runs `postern login`; resolves to the exit code.
 *
 * @throws AppError for everything that goes wrong
 */
export async function runLogin(
  gatewayText: string | undefined,
  options: LoginOptions,
): Promise<number> {
  const component = { human: 'login', json: 'login' }
  const voice = processVoice({ format: 'human', level: 'info', component })
  const told = clientEnvironment()
  const gateway = await namedOrLastGateway(gatewayText, told.cacheDirectory)
  const trust = await trustOf(options, voice)
  const ways = waysToSignIn(gateway.origin, options, voice)
  const signedIn = await untilEndSignal((signal) =>
    logIn({ ...told, gateway, trust, log: voice, ...ways }, signal),
  )
  if (typeof signedIn === 'number') return signedIn
  await rememberGateway(gateway, told.cacheDirectory)
  report(gateway.origin, signedIn.owner, signedIn.isNew, options)
  return exitCodes.ok
}

function waysToSignIn(origin: string, { device, browserCmd }: LoginOptions, voice: Voice) {
  const presentSignIn: PresentSignIn = (url, tab, onFailed) =>
    askToSignIn(url, tab, { browserCmd, onFailed }, voice)
  const command = `postern login ${origin}`
  if (device !== true) return { presentSignIn, command }
  return {
    presentSignIn,
    command,
    deviceSignIn: {
      command: `postern login --device ${origin}`,
      present: (code: Parameters<typeof presentDeviceCode>[0]) =>
        presentDeviceCode(code, 'human', voice),
    },
  }
}

/** The person reads stderr; stdout is for scripts. */
function report(
  origin: string,
  owner: TokenOwner,
  isNew: boolean,
  { json }: Pick<LoginOptions, 'json'>,
): void {
  const who = owner.email ?? owner.name ?? owner.userId
  const as = who === undefined ? '' : ` as ${who}`
  const until = owner.expiresAt === undefined ? '' : ` until ${minutes(owner.expiresAt)}`
  note(`${isNew ? 'signed in' : 'already signed in'} to "${origin}"${as}${until}`)
  if (!isNew) note('  hint: "postern logout" first signs in somebody else')
  if (json !== true) return
  const { userId = null, email = null, name = null, expiresAt = null } = owner
  printJson({ gateway: origin, user: userId, email, name, expires_at: expiresAt, new: isNew })
}
