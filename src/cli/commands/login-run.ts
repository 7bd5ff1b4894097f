import { namedOrLastGateway, rememberGateway } from '../../reach/last-gateway.ts'
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
import { minutes } from '../speech/table.ts'
import { trustOf } from '../asking/trust.ts'
import { processVoice, type Voice } from '../speech/voice.ts'

/** The options of `postern login` as they were given. */
export interface LoginOptions extends TrustFlags {
  readonly device?: boolean
  readonly renew?: boolean
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
  const reach = { ...told, gateway, trust, log: voice, ...ways }
  const sign: (signal: AbortSignal) => Promise<Done> = (signal) =>
    options.renew === true ? renewed(reach, signal) : logIn(reach, signal)
  const signedIn = await untilEndSignal(sign)
  if (typeof signedIn === 'number') return signedIn
  await rememberGateway(gateway, told.cacheDirectory)
  report(gateway.origin, signedIn, options)
  return exitCodes.ok
}

type Done = Pick<Login, 'owner' | 'isNew'> & { readonly outcome?: RenewalOutcome }

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
): void {
  const who = owner.email ?? owner.name ?? owner.userId
  const as = who === undefined ? '' : ` as ${who}`
  const until = owner.expiresAt === undefined ? '' : ` until ${minutes(owner.expiresAt)}`
  const { done, hint } = outcome === undefined ? loginWords(isNew) : renewalWords[outcome]
  note(`${done} "${origin}"${as}${until}`)
  if (hint !== undefined) note(`  hint: ${hint}`)
  if (json !== true) return
  const { userId = null, email = null, name = null, expiresAt = null } = owner
  printJson({
    gateway: origin,
    user: userId,
    email,
    name,
    expires_at: expiresAt,
    new: isNew,
    ...(outcome !== undefined && { renewal: outcome }),
  })
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
