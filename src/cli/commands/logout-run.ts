import { chosen } from '../../client/gateways/choose-gateway.ts'
import { logOut, type Logout } from '../../client/sign-in/logout.ts'
import { AppError, SystemError } from '../../errors.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { Trust } from '../../reach/trust.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { clientEnvironment } from '../process/environment.ts'
import { followEndSignals } from '../process/signals.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import { gatewayOf, knownGateways, rememberedTrust, trustFor } from '../asking/gateway-of.ts'
import { describe, errorFields, processVoice, type Voice } from '../speech/voice.ts'

/** The options of `postern logout` as they were given. */
export interface LogoutOptions extends TrustFlags {
  readonly json?: boolean
  readonly all?: boolean
}

/**
 * Runs `postern logout`; resolves to the exit code.
 *
 * @throws AppError for everything that goes wrong before a token is removed
 */
export async function runLogout(
  gatewayText: string | undefined,
  options: LogoutOptions,
): Promise<number> {
  const component = { human: 'logout', json: 'logout' }
  const voice = processVoice({ format: 'human', level: 'info', component })
  if (options.all === true && gatewayText !== undefined) {
    throw new SystemError('invalid-option', '"--all" is for every gateway, and one is named', {
      hint: 'leave out one of them',
    })
  }
  const asked =
    options.all === true
      ? await everyGateway(options, voice)
      : [await gatewayOf(gatewayText, options, voice)]
  const [ended, endedBy] = await endSessions(asked, voice)
  for (const { origin, logout } of ended) report(origin, logout, voice)
  if (asked.length === 0) note('no gateway is remembered')
  if (options.json === true) {
    const [first] = ended.map(toJson)
    printJson(options.all === true ? { gateways: ended.map(toJson) } : first)
  }
  const isLeft = ended.some(({ logout }) => logout.kind === 'left')
  return endedBy ?? (isLeft ? exitCodes.gateway : exitCodes.ok)
}

interface Asked {
  readonly gateway: GatewayAddress
  readonly trust: Trust
}

interface Ended {
  readonly origin: string
  readonly logout: Logout
}

/** Each as it is remembered: what `POSTERN_CA_FILE` names vouches for one of them, and nobody says which. */
async function everyGateway(options: LogoutOptions, voice: Voice): Promise<readonly Asked[]> {
  const { json: _, all: __, ...flags } = options
  const isTold = Object.values(flags).some((value) => value !== undefined)
  const told = isTold ? await trustFor({ known: undefined }, flags, voice) : undefined
  const { gateways } = await knownGateways(voice)
  return Promise.all(
    gateways.map(async (known) => {
      const trust = told ?? (await rememberedTrust(known, voice).catch(orSystems))
      return { ...chosen(known), trust }
    }),
  )

  /** One authority that cannot be read leaves no token here. */
  function orSystems(error: unknown): Promise<Trust> {
    if (!(error instanceof AppError)) throw error
    voice.warn(describe(error), errorFields(error))
    return rememberedTrust(undefined, voice)
  }
}

/** Ends them all at once, and answers the exit code of a signal that came meanwhile as well. */
async function endSessions(
  asked: readonly Asked[],
  voice: Voice,
): Promise<[ended: readonly Ended[], endedBy: number | undefined]> {
  using ending = followEndSignals()
  const told = clientEnvironment()
  const ended = asked.map(async ({ gateway, trust }) => ({
    origin: gateway.origin,
    logout: await logOut({ ...told, gateway, trust, log: voice }, ending.signal),
  }))
  return [await Promise.all(ended), ending.exitCode]
}

function toJson({ origin, logout }: Ended): object {
  return { gateway: origin, session: logout.kind.replaceAll('-', '_') }
}

function report(origin: string, logout: Logout, voice: Voice): void {
  if (logout.kind === 'left') {
    const why = logout.error?.message ?? 'the gateway cannot end sessions in this way'
    voice.warn(`the session goes on at "${origin}": ${why}`, {
      hint: 'its token is gone from this machine; whoever runs the gateway can revoke it',
    })
  }
  const said = {
    'not-signed-in': `nobody is signed in to "${origin}" here`,
    ended: `signed out of "${origin}"`,
    over: `signed out of "${origin}"; the session had ended before`,
    left: `the sign-in to "${origin}" is removed from this machine`,
  }
  note(said[logout.kind])
}
