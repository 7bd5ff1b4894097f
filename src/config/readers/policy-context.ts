import { defaultProviderId, localProviderId } from '../../identity/user-ids.ts'
import type { PolicyContext } from '../../policy/place.ts'
import type { GlobalKey } from '../keys/keys.ts'
import type { Source } from '../source/source.ts'

/** Each of them says that there is the provider of the keys `idp_*`. */
const keysOfDefault = [
  'idp_provider',
  'idp_provider_url',
  'idp_client_id',
] as const satisfies readonly GlobalKey[]

/** What policies of the configuration are warned by. */
export function policyContextOf({
  settings,
  nowMs,
}: Pick<Source, 'settings' | 'nowMs'>): PolicyContext {
  const isGiven = keysOfDefault.some((key) => settings.isGiven(key))
  const others = Object.keys(settings.values.identity_providers ?? {})
  const own = settings.values.local_accounts === true ? [localProviderId] : []
  const providers = [...(isGiven ? [defaultProviderId] : []), ...others, ...own]
  // Without any it is said that one is missing.
  return { nowMs, providers: providers.length === 0 ? undefined : providers }
}
