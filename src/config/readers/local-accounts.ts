import { isIP } from 'node:net'
import { parseHost } from '../../address.ts'
import { localProviderId } from '../../identity/user-ids.ts'
import type { Source } from '../source/source.ts'

/**
 * Whether the gateway has accounts of its own. Browsers keep a passkey for a host name (WebAuthn §5.1.2, "effective
 * domain"), so that there has to be one.
 */
export function readLocalAccounts({ settings, findings }: Source): boolean {
  if (!settings.orDefault('local_accounts')) return false
  const { authenticate_service_url: origin, identity_providers: others = {} } = settings.values
  const { problems } = findings
  if (!settings.isGiven('authenticate_service_url')) {
    const message = 'is required, since passkeys of "local_accounts" are bound to its host'
    const hint = 'such as https://auth.example.com'
    problems.push(settings.problem('authenticate_service_url', message, { hint }))
  } else if (origin !== undefined && isIP(parseHost(origin.hostname) ?? '') !== 0) {
    const message = `"${origin.hostname}" is an IP address: browsers keep passkeys for host names alone`
    const hint = 'give it a name, also one of your own DNS or "localhost"'
    problems.push(settings.problem('authenticate_service_url', message, { hint }))
  }
  if (Object.hasOwn(others, localProviderId)) {
    const message = `"${localProviderId}" is what the accounts of "local_accounts" are called: give this provider another id`
    const within = [localProviderId]
    problems.push(settings.problem('identity_providers', message, { within, at: 'key' }))
  }
  return true
}
