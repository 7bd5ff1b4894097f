import { logOut, type Logout } from '../../client/sign-in/logout.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { note, printJson } from '../speech/print.ts'
import { clientEnvironment } from '../process/environment.ts'
import { followEndSignals } from '../process/signals.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import { gatewayOf } from '../asking/gateway-of.ts'
import { processVoice, type Voice } from '../speech/voice.ts'

/** The options of `postern logout` as they were given. */
export interface LogoutOptions extends TrustFlags {
  readonly json?: boolean
}

/**
 * Runs `postern logout`; resolves to the exit code.
 *
 * @throws AppError for everything that goes wrong before the token is removed
 */
export async function runLogout(
  gatewayText: string | undefined,
  options: LogoutOptions,
): Promise<number> {
  const component = { human: 'logout', json: 'logout' }
  const voice = processVoice({ format: 'human', level: 'info', component })
  const told = clientEnvironment()
  const { gateway, trust } = await gatewayOf(gatewayText, options, voice)
  const [logout, endedBy] = await endSession({ ...told, gateway, trust, log: voice })
  report(gateway.origin, logout, voice)
  if (options.json === true) {
    printJson({ gateway: gateway.origin, session: logout.kind.replaceAll('-', '_') })
  }
  return endedBy ?? (logout.kind === 'left' ? exitCodes.gateway : exitCodes.ok)
}

/** Ends it, and answers the exit code of a signal that came meanwhile as well. */
async function endSession(
  options: Parameters<typeof logOut>[0],
): Promise<[logout: Logout, endedBy: number | undefined]> {
  using ending = followEndSignals()
  return [await logOut(options, ending.signal), ending.exitCode]
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
