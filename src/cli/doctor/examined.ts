import { chooseDestination } from '../../client/gateways/choose-destination.ts'
import type { ChosenGateway } from '../../client/gateways/choose-gateway.ts'
import { readKeptRoutes } from '../../client/gateways/kept-routes.ts'
import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import { AppError, SystemError } from '../../errors.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { Trust } from '../../reach/trust.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { knownGateways, namedBeside, namedOrDefault, withTrust } from '../asking/gateway-of.ts'
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
      // With a sign-in, which a doctor never begins.
      askRoutes: () => Promise.reject(notKept(text)),
    })
    return { ...(await at(found)), authority: found.authority }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'route-unknown') throw error
    return { ...(await alone()), unknown: error }
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
