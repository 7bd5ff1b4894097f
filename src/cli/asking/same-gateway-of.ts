import { changeGateways } from '../../client/gateways/change-gateways.ts'
import type { KnownGateway, KnownGateways } from '../../client/gateways/known-gateway.ts'
import { withKnownName } from '../../client/gateways/remember.ts'
import { findSameGateway } from '../../client/gateways/same-gateway.ts'
import { isStranger, keepStranger } from '../../client/gateways/strangers.ts'
import { tokenCacheFor } from '../../client/sign-in/token-cache.ts'
import { messageOf } from '../../errors.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { Trust } from '../../reach/trust.ts'
import { clientEnvironment } from '../process/environment.ts'
import type { Voice } from '../speech/voice.ts'

/**
 * The remembered gateway that an address is another name of, which is remembered in the file at `path` from then on;
 * without a path nothing is kept of it. Whoever is signed in at the address itself stays there. What cannot be found out
 * counts as no.
 */
export async function knownAs(
  asked: { readonly gateway: GatewayAddress; readonly trust: Trust },
  all: KnownGateways,
  path: string | undefined,
  voice: Voice,
): Promise<KnownGateway | undefined> {
  const told = clientEnvironment()
  const { origin } = asked.gateway
  if (await isStranger(told.cacheDirectory, origin)) return undefined
  if ((await tokenCacheFor({ ...told, ...asked, log: voice }).read()) !== undefined)
    return undefined
  const known = await findSameGateway({ ...told, ...asked, log: voice }, all)
  if (known === 'another' && path !== undefined) await keepStranger(told.cacheDirectory, origin)
  if (known === 'another' || known === 'unknown') return undefined
  voice.info(`"${origin}" is the gateway "${known.name}"`)
  if (path === undefined) return known
  try {
    await changeGateways(path, (now) => withKnownName(now, known.url, origin))
  } catch (error) {
    voice.debug(`that is not remembered: ${messageOf(error)}`)
  }
  return known
}
