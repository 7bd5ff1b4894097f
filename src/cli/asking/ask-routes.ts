import type { PresentSignIn } from '../../client/sign-in/browser-sign-in.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { fetchRoutes } from '../../client/routes/fetch-routes.ts'
import { namedOrLastGateway, rememberGateway } from '../../reach/last-gateway.ts'
import type { RoutesAnswer } from '../../client/routes/routes-answer.ts'
import type { AskOptions } from './ask-options.ts'
import { readServiceAccount, warnAboutSecrets } from '../credentials/given.ts'
import { askToSignIn } from './ask-to-sign-in.ts'
import { clientEnvironment, environment } from '../process/environment.ts'
import { untilEndSignal } from '../process/signals.ts'
import { trustOf } from './trust.ts'
import type { Voice } from '../speech/voice.ts'

/** What a gateway answered, and which one that was. */
export interface AskedRoutes extends RoutesAnswer {
  readonly gateway: GatewayAddress
}

/**
 * Asks the named gateway, or the one that was asked last, which routes may be used. Resolves to an exit
 * code when a signal ends it.
 *
 * @throws AppError for everything that goes wrong
 */
export async function askRoutes(
  gatewayText: string | undefined,
  options: AskOptions,
  voice: Voice,
): Promise<AskedRoutes | number> {
  const told = clientEnvironment()
  const gateway = await namedOrLastGateway(gatewayText, told.cacheDirectory)
  const trust = await trustOf(options, voice)
  const serviceAccountToken = await readServiceAccount(options, environment)
  warnAboutSecrets(options, voice)
  const presentSignIn: PresentSignIn = (url, tab, onFailed) =>
    askToSignIn(url, tab, { browserCmd: options.browserCmd, onFailed }, voice)
  const client = {
    ...told,
    gateway,
    trust,
    serviceAccountToken,
    presentSignIn,
    log: voice,
  }
  const answer = await untilEndSignal((signal) => fetchRoutes(client, signal))
  if (typeof answer === 'number') return answer
  await rememberGateway(gateway, told.cacheDirectory)
  return { ...answer, gateway }
}
