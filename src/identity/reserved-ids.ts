import { AccessError } from '../errors.ts'
import type { ServiceAccounts } from './service-accounts.ts'
import type { Sessions } from './sessions.ts'

/**
 * Lets nobody sign in whom the provider knows by the id of a service account, a revoked one's
 * included: policies name both by `user`, and would take one for the other.
 *
 * It is looked at once the session is kept: a service account that is created at the same time looks
 * for the session after it has taken the id, so that of the two at least one gives way.
 */
export function refuseReserved(
  sessions: Sessions,
  serviceAccounts: Pick<ServiceAccounts, 'isReserved'>,
): Pick<Sessions, 'create' | 'confirm'> {
  return {
    // There was such a session all along, so that no service account could take its person's id.
    confirm: sessions.confirm,
    async create(signedIn) {
      const session = await sessions.create(signedIn)
      if (!(await serviceAccounts.isReserved(session.userId))) return session
      await sessions.revoke(session.id)
      throw new AccessError(
        'user-id-reserved',
        `your user id "${session.userId}" is that of a service account here`,
        { hint: 'ask whoever runs this gateway to give the service account another id' },
      )
    },
  }
}
