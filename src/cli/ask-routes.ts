import type { GatewayAddress } from '../client/destination.ts'
import { fetchRoutes } from '../client/fetch-routes.ts'
import { namedOrLastGateway, rememberGateway } from '../client/last-gateway.ts'
import type { RoutesAnswer } from '../client/routes-answer.ts'
import type { AskOptions } from './ask-options.ts'
import { exitCodeOfSignal } from './exit-codes.ts'
import { exposedServiceAccount, readServiceAccount } from './service-account.ts'
import { onEndSignal } from './signals.ts'
import { trustOf } from './trust-options.ts'
import type { Voice } from './voice.ts'

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
  const gateway = await namedOrLastGateway(gatewayText)
  const trust = await trustOf(options, voice)
  const serviceAccountToken = await readServiceAccount(options, process.env)
  warnAbout(options, voice)
  const ending = new AbortController()
  let ended: number | undefined
  using _ = onEndSignal((signal) => {
    ended = exitCodeOfSignal(signal)
    ending.abort(new Error('asked to end'))
  })
  const presentSignIn = (url: string): void => present(url, options, voice)
  try {
    const client = { gateway, trust, serviceAccountToken, presentSignIn, log: voice }
    const answer = await fetchRoutes(client, ending.signal)
    await rememberGateway(gateway)
    return { ...answer, gateway }
  } catch (error) {
    if (ended !== undefined) return ended
    throw error
  }
}

function present(url: string, { browserCmd }: AskOptions, voice: Voice): void {
  process.stderr.write(`sign in at:\n\n  ${url}\n\n`)
  void import('../client/browser.ts').then(({ openBrowser }) => openBrowser(url, browserCmd, voice))
}

function warnAbout(options: AskOptions, voice: Voice): void {
  const exposed = exposedServiceAccount(options)
  if (exposed === undefined) return
  voice.warn(`every user of this machine can read "${exposed}" while this runs`, {
    hint: 'use "--service-account-file", or a variable such as POSTERN_SERVICE_ACCOUNT',
  })
}
