import { changeGateways } from '../../client/gateways/change-gateways.ts'
import { keepRoutes } from '../../client/gateways/kept-routes.ts'
import { gatewayAt, type KnownGateway } from '../../client/gateways/known-gateway.ts'
import { withSignIn } from '../../client/gateways/remember.ts'
import { fetchRoutes } from '../../client/routes/fetch-routes.ts'
import type { Login } from '../../client/sign-in/login.ts'
import { AppError, messageOf } from '../../errors.ts'
import { clientEnvironment } from '../process/environment.ts'
import type { Voice } from '../speech/voice.ts'
import { gatewaysPath, knownGateways, type AskedGateway } from './gateway-of.ts'

/** What was remembered of a sign-in. */
export interface Remembered {
  readonly known: KnownGateway
  /** Whether it is the only one, and so the default. */
  readonly isFirst: boolean
  /** Whether it was not known before. */
  readonly isAnother: boolean
}

/**
 * Time for the routes of whoever has just signed in, in milliseconds.
 *
 * @limit time for the list of routes after "postern login": the name of a route is asked for when it is used
 */
const routesTimeoutMs = 5_000

/**
 * Remembers the gateway of a sign-in that went well, with the authorities by which it was proven. That it cannot be
 * remembered is said, and undoes nothing; nothing is remembered of one whose certificate was not checked.
 *
 * @throws SystemError `gateway-exists`, `invalid-gateway-name`
 */
export async function rememberSignIn(
  { gateway, trust }: Pick<AskedGateway, 'gateway' | 'trust'>,
  {
    owner,
    token,
    name,
  }: Pick<Login, 'owner'> & { token?: string | undefined; name?: string | undefined },
  voice: Voice,
): Promise<Remembered | undefined> {
  if (!trust.isVerified) {
    voice.warn('the gateway is not remembered: its certificate was not checked')
    return undefined
  }
  const ca = trust.extraCa.length === 0 ? undefined : trust.extraCa.join('\n')
  const account = owner.email ?? owner.name ?? owner.userId
  let isAnother = false
  try {
    const all = await changeGateways(gatewaysPath(), (before) => {
      isAnother = gatewayAt(gateway.origin, before) === undefined
      return withSignIn(before, { gateway, name, ca, account })
    })
    const known = gatewayAt(gateway.origin, all)
    if (token !== undefined) await lookAtRoutes({ gateway, trust }, token, voice)
    return known && { known, isFirst: isAnother && all.gateways.length === 1, isAnother }
  } catch (error) {
    if (!(error instanceof AppError) || isOfName(error)) throw error
    voice.warn(`the gateway is not remembered: ${messageOf(error)}`, { hint: error.hint })
    return undefined
  }
}

/**
 * Before somebody signs in.
 *
 * @throws SystemError `gateway-exists`, `invalid-gateway-name`
 */
export async function checkNewName(
  { gateway }: AskedGateway,
  name: string,
  voice: Voice,
): Promise<void> {
  void withSignIn(await knownGateways(voice), { gateway, name })
}

function isOfName(error: AppError): boolean {
  return error.code === 'gateway-exists' || error.code === 'invalid-gateway-name'
}

/** So that a route's name is a destination from now on, without asking. */
async function lookAtRoutes(
  { gateway, trust }: Pick<AskedGateway, 'gateway' | 'trust'>,
  token: string,
  voice: Voice,
): Promise<void> {
  const told = clientEnvironment()
  try {
    const answer = await fetchRoutes(
      {
        ...told,
        gateway,
        trust,
        log: voice,
        // Nobody is asked to sign in again.
        serviceAccountToken: token,
        presentSignIn: () => undefined,
      },
      AbortSignal.timeout(routesTimeoutMs),
    )
    await keepRoutes(told.cacheDirectory, gateway.origin, answer)
  } catch (error) {
    voice.debug(`the routes are not known yet: ${messageOf(error)}`)
  }
}
