import type { PresentSignIn } from '../../client/sign-in/browser-sign-in.ts'
import type { SignInOptions } from '../../client/sign-in/credentials-of.ts'
import { logIn, type Login } from '../../client/sign-in/login.ts'
import type { RenewalOutcome } from '../../client/sign-in/renew-session.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import { askToSignIn } from '../asking/ask-to-sign-in.ts'
import { presentDeviceCode } from '../asking/device-code.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { clientEnvironment } from '../process/environment.ts'
import { untilEndSignal } from '../process/signals.ts'
import { sayTime } from '../../say-time.ts'
import { gatewayOf } from '../asking/gateway-of.ts'
import { checkNewName, rememberSignIn, type Remembered } from '../asking/remember-sign-in.ts'
import { processVoice, type Voice } from '../speech/voice.ts'

/** The options of `postern login` as they were given. */
export interface LoginOptions extends TrustFlags {
  readonly device?: boolean
  readonly renew?: boolean
  readonly browserCmd?: string
  /** By which the gateway is to be remembered. */
  readonly name?: string
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
  const asked = await gatewayOf(gatewayText, options, voice)
  const { gateway, trust } = asked
  if (options.name !== undefined) await checkNewName(asked, options.name, voice)
  const ways = waysToSignIn(gateway.origin, options, voice)
  const reach = { ...told, gateway, trust, log: voice, ...ways }
  const sign: (signal: AbortSignal) => Promise<Done> = (signal) =>
    options.renew === true ? renewed(reach, signal) : logIn(reach, signal)
  const signedIn = await untilEndSignal(sign)
  if (typeof signedIn === 'number') return signedIn
  const remembered = await rememberSignIn(asked, { ...signedIn, name: options.name }, voice)
  report(gateway.origin, signedIn, options, remembered)
  return exitCodes.ok
}

type Done = Pick<Login, 'owner' | 'isNew'> & {
  readonly token?: string
  readonly outcome?: RenewalOutcome
}

async function renewed(options: SignInOptions, signal: AbortSignal): Promise<Done> {
  const { renewSession } = await import('../../client/sign-in/renew-session.ts')
  const { outcome, owner } = await renewSession(options, signal)
  return { outcome, owner, isNew: outcome === 'replaced' }
}

function waysToSignIn(origin: string, { device, renew, browserCmd }: LoginOptions, voice: Voice) {
  const presentSignIn: PresentSignIn = (url, tab, onFailed) =>
    askToSignIn(url, tab, { browserCmd, onFailed }, voice)
  const command = `postern login ${renew === true ? '--renew ' : ''}${origin}`
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
  { owner, isNew, outcome }: Done,
  { json }: Pick<LoginOptions, 'json'>,
  remembered: Remembered | undefined,
): void {
  const who = owner.email ?? owner.name ?? owner.userId
  const as = who === undefined ? '' : ` as ${who}`
  const until = owner.expiresAt === undefined ? '' : ` until ${sayTime(owner.expiresAt)}`
  const { done, hint } = outcome === undefined ? loginWords(isNew) : renewalWords[outcome]
  note(`${done} "${origin}"${as}${until}`)
  if (hint !== undefined) note(`  hint: ${hint}`)
  if (remembered !== undefined) sayRemembered(remembered)
  if (json !== true) return
  const { userId = null, email = null, name = null, expiresAt = null } = owner
  printJson({
    gateway: origin,
    user: userId,
    email,
    name,
    expires_at: expiresAt,
    new: isNew,
    remembered_as: remembered?.known.name ?? null,
    ...(outcome !== undefined && { renewal: outcome }),
  })
}

function sayRemembered({ known, isFirst, isAnother }: Remembered): void {
  if (isFirst) note(`remembered as "${known.name}": commands that name no gateway mean it`)
  else if (isAnother) {
    note(`remembered as "${known.name}": "--gateway ${known.name}" means it`)
    note(
      `  hint: "postern gateways use ${known.name}" makes it the one that is meant without a name`,
    )
  }
}

interface Words {
  readonly done: string
  readonly hint?: string
}

function loginWords(isNew: boolean): Words {
  if (isNew) return { done: 'signed in to' }
  return { done: 'already signed in to', hint: '"postern logout" first signs in somebody else' }
}

const renewalWords: Readonly<Record<RenewalOutcome, Words>> = {
  prolonged: { done: 'renewed the session at' },
  replaced: {
    done: 'signed in anew to',
    hint: 'tunnels that were open before end when their own session does',
  },
  unchanged: {
    done: 'the session is not renewed at',
    hint: 'this gateway cannot renew sessions: "postern logout" first begins a new one, and ends the tunnels of this one',
  },
  elsewhere: { done: 'another postern has signed in meanwhile to' },
}
