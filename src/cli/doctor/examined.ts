import { chooseDestination } from '../../client/gateways/choose-destination.ts'
import type { ChosenGateway } from '../../client/gateways/choose-gateway.ts'
import { readKeptRoutes, type KeptRoute } from '../../client/gateways/kept-routes.ts'
import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import { fetchRoutes } from '../../client/routes/fetch-routes.ts'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { AppError, SystemError } from '../../errors.ts'
import { silentLogger } from '../../log.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { Trust } from '../../reach/trust.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import {
  knownGateways,
  namedBeside,
  namedOrDefault,
  trustFor,
  withTrust,
} from '../asking/gateway-of.ts'
import { clientEnvironment } from '../process/environment.ts'
import { note } from '../speech/print.ts'
import type { Voice } from '../speech/voice.ts'

/** What a doctor looks at. */
export interface Examined {
  readonly gateway: GatewayAddress
  readonly trust: Trust
  readonly authority: string | undefined
  /** Why the destination is not known; then the way to the gateway is what can be tried. */
  readonly unknown?: AppError | undefined
}

/**
 * Finds what other commands would reach by the same words. Unlike these it signs nobody in, and keeps nothing of what it
 * finds out: neither a name of a gateway nor that a file is damaged.
 *
 * @throws SystemError for what is wrong with the command line
 */
export async function findExamined(
  text: string | undefined,
  options: AskOptions & { readonly gateway?: string },
  voice: Voice,
  serviceAccountToken: string | undefined,
): Promise<Examined> {
  const all = await knownGateways(voice, { isLeft: true })
  const at = (found: ChosenGateway): Promise<Omit<Examined, 'authority'>> =>
    trusted(found, all, options, voice)
  const alone = async (): Promise<Examined> => {
    const found = await namedOrDefault(options.gateway, all, '--gateway')
    return { ...(await at(found)), authority: undefined }
  }
  if (text === undefined) return alone()
  const { cacheDirectory } = clientEnvironment()
  try {
    const found = await chooseDestination(text, {
      all,
      ...(await namedBeside(options.gateway, all)),
      keptRoutes: (origin) => readKeptRoutes(cacheDirectory, origin),
      askRoutes: async (asked) => {
        const reach = { gateway: asked.gateway, trust: await trustFor(asked, options, voice) }
        return (await routesNow(reach, serviceAccountToken)) ?? Promise.reject(notKept(text))
      },
    })
    return { ...(await at(found)), authority: found.authority }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'route-unknown') throw error
    return { ...(await alone()), unknown: error }
  }
}

/**
 * Time for the list of routes that may have a name, in milliseconds.
 *
 * @limit time that "postern doctor" waits for the routes among which a name may be: the way to the gateway is tried alone
 */
const routesMs = 6_000

/**
 * What a gateway lists for whoever is signed in already, those to ask for among them; undefined where nobody is, or the
 * gateway does not answer: why is what the steps find out. Nobody is signed in for it, and it is not kept.
 */
async function routesNow(
  reach: Pick<Examined, 'gateway' | 'trust'>,
  serviceAccountToken: string | undefined,
): Promise<readonly KeptRoute[] | undefined> {
  const parts = { ...clientEnvironment(), ...reach, log: silentLogger }
  const token = serviceAccountToken ?? (await tokenCacheFor(parts).read())
  if (token === undefined) return undefined
  // As a service account's: one that is not taken is no reason to sign somebody in.
  const options = { ...parts, serviceAccountToken: token, presentSignIn: () => undefined }
  try {
    const { routes, closed } = await fetchRoutes(options, AbortSignal.timeout(routesMs))
    return [...routes, ...closed]
  } catch {
    return undefined
  }
}

async function trusted(
  found: ChosenGateway,
  all: KnownGateways,
  options: AskOptions,
  voice: Voice,
): Promise<Pick<Examined, 'gateway' | 'trust'>> {
  const { gateway, trust, known } = await withTrust(found, all, options, voice, false)
  if (gateway.origin !== found.gateway.origin && known !== undefined)
    note(`"${found.gateway.origin}" is the gateway "${known.name}", which is asked instead`)
  return { gateway, trust }
}

function notKept(name: string): AppError {
  return new SystemError('route-unknown', `no route "${name}" is known on this machine`, {
    hint: '"postern routes list" shows the routes, and keeps their names; or write "host:port"',
  })
}
