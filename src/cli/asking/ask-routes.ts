import { keepRoutes } from '../../client/gateways/kept-routes.ts'
import type { PresentSignIn } from '../../client/sign-in/browser-sign-in.ts'
import { fetchRoutes } from '../../client/routes/fetch-routes.ts'
import type { RoutesAnswer } from '../../client/routes/routes-answer.ts'
import { AccessError } from '../../errors.ts'
import type { AskOptions } from './ask-options.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { askToSignIn } from './ask-to-sign-in.ts'
import { gatewayOf, type AskedGateway } from './gateway-of.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { untilEndSignal } from '../process/signals.ts'
import type { Voice } from '../speech/voice.ts'

/** What a gateway answered, and which one that was. */
export interface AskedRoutes extends RoutesAnswer, AskedGateway {}

/**
 * Asks the named gateway, or the default one, which routes may be used. Resolves to an exit code when a signal ends it.
 *
 * @throws AppError for everything that goes wrong
 */
export async function askRoutes(
  gatewayText: string | undefined,
  options: AskOptions,
  voice: Voice,
): Promise<AskedRoutes | number> {
  const asked = await gatewayOf(gatewayText, options, voice)
  warnAboutSecrets(options, voice)
  const answer = await untilEndSignal((signal) => fetchAt(asked, options, voice, signal))
  return typeof answer === 'number' ? answer : { ...answer, ...asked }
}

/**
 * The same for whoever has found out which gateway, and cannot go on without an answer.
 *
 * @throws AppError for everything that goes wrong, a signal included
 */
export async function askRoutesAt(
  asked: Omit<AskedGateway, 'option'>,
  options: AskOptions,
  voice: Voice,
): Promise<RoutesAnswer> {
  const answer = await untilEndSignal((signal) => fetchAt(asked, options, voice, signal))
  if (typeof answer !== 'number') return answer
  throw new AccessError('sign-in-cancelled', 'the sign-in was given up')
}

async function fetchAt(
  { gateway, trust }: Omit<AskedGateway, 'option'>,
  options: AskOptions,
  voice: Voice,
  signal: AbortSignal,
): Promise<RoutesAnswer> {
  const told = clientEnvironment()
  const serviceAccountToken = await readServiceAccount(options, environment)
  const presentSignIn: PresentSignIn = (url, tab, onFailed) =>
    askToSignIn(url, tab, { browserCmd: options.browserCmd, onFailed }, voice)
  const answer = await fetchRoutes(
    { ...told, gateway, trust, serviceAccountToken, presentSignIn, log: voice },
    signal,
  )
  // What a service account sees is not what its person does.
  const isOwn = serviceAccountToken === undefined && trust.isVerified
  if (isOwn) await keepRoutes(told.cacheDirectory, gateway.origin, answer)
  return answer
}
